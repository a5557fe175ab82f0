/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's command line: words of the form name=value, listed in docs/command-line.md.
 *
 * Parsed once at boot, before anything uses it. An unknown word or a bad value is an error that
 * ends the run with EXIT_USAGE; it is never ignored.
 */
#pragma once

#include "kernel/types.h"
#include "lab/poison.h"
#include "mm/fault.h"

enum run_mode { MODE_UNKNOWN, MODE_KVM, MODE_INTERLEAVED, MODE_PARALLEL, MODE_REPLAY };

/* On with instruments, if nothing is said. */
enum lockdep_mode { LOCKDEP_MODE_DEFAULT, LOCKDEP_MODE_ON, LOCKDEP_MODE_OFF, LOCKDEP_MODE_GRAPH };

struct cmdline {
	char test[512];	     /* globs, comma-separated; "" is all */
	enum fault_path fault; /* of processes that do not ask for one */
	bool fault_given;
	bool shadow;
	char ptl[32];
	char spf[64];
	char bug[256];
	char sched[512];
	char mutant[16];
	char explore[16], explore_from[128], preempt[128];
	char trace[64];
	char exec[128];
	char list[16];
	char show[64];
	char grade[16];
	char flush[8], free[8];
	u64 seed;
	u64 gather;  /* pages */
	u64 quarantine; /* pages */
	u64 cpus;    /* 0: as many as there are */
	u64 limit_s; /* of every wait in the kernel */
	enum run_mode mode;
	enum lockdep_mode lockdep;
	u64 watchdog_s; /* 0: half of limit_s */
	bool watchdog_off, watchdog_given;
	bool split_channels; /* program output has channels of its own */
	bool explore_stop; /* each test ends with its first failure */
	bool probe;
	enum page_checks pagealloc;
	bool probes; /* ask them all before anything else */
};

extern struct cmdline cmdline;

/* Parses @text into cmdline, gather_batch and wait_limit_ns. Returns 0, or -EINVAL with a message
 * on the console. */
int cmdline_parse(const char *text);
