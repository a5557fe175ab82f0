/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output of user programs.
 *
 * With channels (cmdline.split_channels) bytes pass unchanged, and channel_lock keeps those of one
 * call together; it sleeps, since a channel may be slow. Without, bytes are gathered in the
 * process's console_out until a line is complete, under its lock, and printed by printk, which
 * keeps lines whole. A log line must stay a log line whatever the program writes: control
 * characters are printed as \xNN, and longer lines are broken.
 */
#include "kernel/console_out.h"
#include "kernel/cmdline.h"
#include "kernel/mutex.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "arch/console.h"

static struct mutex channel_lock;

static const char *const stream_names[NR_OUT_STREAMS] = { "out", "err" };

void console_out_subsystem_init(void)
{
	mutex_init(&channel_lock, "channel_lock");
}

void console_out_init(struct console_out *out)
{
	spin_init(&out->lock, "console_out");
	for (int i = 0; i < NR_OUT_STREAMS; i++)
		out->lines[i].len = 0;
}

static void line_print(struct console_out *out, enum out_stream stream)
{
	printk("%s: %.*s\n", stream_names[stream], (int)out->lines[stream].len,
	       out->lines[stream].text);
	out->lines[stream].len = 0;
}

static void line_append(struct console_out *out, enum out_stream stream, const char *s, size_t n)
{
	if (out->lines[stream].len + n > CONSOLE_LINE_MAX)
		line_print(out, stream);
	memcpy(out->lines[stream].text + out->lines[stream].len, s, n);
	out->lines[stream].len += (unsigned int)n;
}

static void line_put(struct console_out *out, enum out_stream stream, char c)
{
	char escaped[8];

	if (c == '\n') {
		line_print(out, stream);
	} else if ((u8)c >= ' ' || c == '\t') {
		line_append(out, stream, &c, 1);
	} else {
		snprintf(escaped, sizeof(escaped), "\\x%02x", (u8)c);
		line_append(out, stream, escaped, 4);
	}
}

static void lines_write(struct console_out *out, enum out_stream stream, const char *buf,
			size_t len)
{
	spin_lock(&out->lock);
	for (size_t i = 0; i < len; i++)
		line_put(out, stream, buf[i]);
	spin_unlock(&out->lock);
}

void console_out_write(struct console_out *out, enum out_stream stream, const char *buf, size_t len)
{
	if (!cmdline.split_channels) {
		lines_write(out, stream, buf, len);
		return;
	}
	mutex_lock(&channel_lock);
	arch_console_write(stream == OUT_STDOUT ? CONSOLE_STDOUT : CONSOLE_STDERR, buf, len);
	mutex_unlock(&channel_lock);
}

void console_out_flush(struct console_out *out)
{
	spin_lock(&out->lock);
	for (int i = 0; i < NR_OUT_STREAMS; i++)
		if (out->lines[i].len)
			line_print(out, (enum out_stream)i);
	spin_unlock(&out->lock);
}
