/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output: a virtual terminal of the hypervisor for each channel.
 *
 * The runner gives the terminals their unit addresses, from VTY_BASE on in the order of enum
 * console_channel; the log goes to the first there is, so that by hand -serial will do. What goes
 * to one that is not there is refused by the hypervisor and so lost. QEMU takes every character at
 * once. No locking: callers order their writes, and a panic or an NMI must be able to write in the
 * middle of another write.
 *
 * Source: PAPR+ 14.5.4.6 (H_PUT_TERM_CHAR).
 */
#include "arch/console.h"
#include "arch/ppc64le/hcall.h"
#include "kernel/string.h"

#define VTY_FIRST 0 /* the one with the lowest address */
#define VTY_BASE 0x71000010
#define VTY_CHUNK 16UL

void arch_console_write(enum console_channel channel, const char *buf, size_t len)
{
	unsigned long vty = channel == CONSOLE_LOG ? VTY_FIRST : VTY_BASE + channel;

	while (len) {
		size_t n = min(len, VTY_CHUNK);
		u64 words[2] = { 0, 0 };

		memcpy(words, buf, n);
		/* The first character is in a register's most significant byte. */
		hcall(H_PUT_TERM_CHAR, vty, n, __builtin_bswap64(words[0]),
		      __builtin_bswap64(words[1]), NULL);
		buf += n;
		len -= n;
	}
}
