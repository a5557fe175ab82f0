/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values with which the guest leaves the machine; the runner turns them into its exit code.
 */
#pragma once

#define EXIT_PASS 0x10
#define EXIT_FAIL 0x11
#define EXIT_ALL_SKIPPED 0x12
#define EXIT_PANIC 0x13
#define EXIT_WATCHDOG 0x14
#define EXIT_USAGE 0x15
