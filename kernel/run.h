/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a boot is for: the tests, one program, a list, or the accelerator's trial.
 */
#pragma once

#include "kernel/types.h"

/* Runs what test= selects and reports in KTAP (tests/kernel/runner.c). The exit value. */
int tests_run(void);
/* Whether they are to run under schedules of their own, not under the seed's. */
bool tests_explore(void);
/* Lists the selected tests. The exit value. */
int tests_list(void);
/* Describes one test. EXIT_USAGE if there is no such test. */
int tests_show(const char *id);

/* A line key=value on the control channel. */
void control_print(const char *fmt, ...) __printf(1, 2);
