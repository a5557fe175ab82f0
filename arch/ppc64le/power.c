/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaving the machine. QEMU's own exit status can only be 0 or 1 here, so the value goes out as
 * the last line of the control channel; a kernel that died says so to the hypervisor as well.
 */
#include "arch/power.h"
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/page.h"
#include "arch/ppc64le/rtas.h"
#include "kernel/exit.h"
#include "kernel/printk.h"

static const char died_text[] = "Faultline died";

void arch_exit(int value)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "exit_value=0x%02x\n", (unsigned int)value);

	arch_console_write(CONSOLE_CONTROL, line, (size_t)len);
	if (value == EXIT_PANIC || value == EXIT_WATCHDOG)
		rtas_call(RTAS_OS_TERM, 1, (u32)image_to_phys(died_text), 0, 0);
	rtas_call(RTAS_POWER_OFF, 2, ~0U, ~0U, 0);
	cpu_halt_forever();
}
