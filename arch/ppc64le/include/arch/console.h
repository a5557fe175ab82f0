/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output channels: one virtual terminal of the hypervisor each.
 */
#pragma once

#include "kernel/types.h"

enum console_channel {
	CONSOLE_LOG,
	CONSOLE_STDOUT,
	CONSOLE_STDERR,
	CONSOLE_TRACE,
	CONSOLE_CONTROL,
};

/* 8-bit clean; no locking, no buffering. Any context. */
void arch_console_write(enum console_channel channel, const char *buf, size_t len);
