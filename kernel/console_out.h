/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the output of user programs goes: to channels of its own (boot word for the runner), or
 * line by line into the log, as "# out: text" and "# err: text".
 */
#pragma once

#include "kernel/spinlock.h"

#define CONSOLE_LINE_MAX 200

enum out_stream { OUT_STDOUT, OUT_STDERR, NR_OUT_STREAMS };

/* Lines that are not complete yet, of one process; used only without channels. */
struct console_out {
	struct spinlock lock;
	struct {
		unsigned int len;
		char text[CONSOLE_LINE_MAX];
	} lines[NR_OUT_STREAMS];
};

/* Once at boot. */
void console_out_subsystem_init(void);
void console_out_init(struct console_out *out);
/* Writes @len bytes, all together if the stream has a channel. May sleep. */
void console_out_write(struct console_out *out, enum out_stream stream, const char *buf,
		       size_t len);
/* Prints what stands in unfinished lines: the process has ended. */
void console_out_flush(struct console_out *out);
