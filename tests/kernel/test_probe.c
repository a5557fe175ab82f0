/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite probe: the probes find what is known of QEMU's translator, or they are worth nothing where
 * nothing is known. It keeps stale translations in every mode. Where its CPUs take turns no load
 * overtakes a store, and a broadcast flush is complete; in parallel mode both are as they happen to
 * be, the second by the version of QEMU, and are only told.
 */
#include "arch/tlb.h"
#include "kernel/cmdline.h"
#include "kernel/string.h"
#include "lab/probe.h"
#include "tests/kernel/test.h"

#if LAB
TEST(probe, translator, "the probes find what is known of QEMU's translator", .min_cpus = 2)
{
	bool turns = cmdline.mode == MODE_INTERLEAVED || cmdline.mode == MODE_REPLAY;

	if (strcmp(cmdline.grade, "T")) {
		test_skip(t, "this is another machine");
		return;
	}
	EXPECT_EQ(t, probe_ask(PROBE_stale_translation), PROBE_YES);
	if (turns)
		EXPECT_EQ(t, probe_ask(PROBE_store_reordering), PROBE_NO);
	if (turns && ARCH_TLB_BROADCAST)
		EXPECT_EQ(t, probe_ask(PROBE_broadcast_waits), PROBE_YES);
	probe_ask_all();
}
#endif
