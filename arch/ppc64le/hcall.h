/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to the hypervisor. Any context, translation on or off.
 *
 * Source: PAPR+ 14.5 (hypervisor call functions); QEMU's hw/ppc/spapr_hcall.c for what TCG has.
 */
#pragma once

#include "kernel/types.h"

#define H_SUCCESS 0
#define H_PUT_TERM_CHAR 0x58
#define H_EOI 0x64
#define H_CPPR 0x68
#define H_IPI 0x6c
#define H_XIRR 0x74
#define H_CEDE 0xe0
#define H_SET_MODE 0x31c
#define MODE_LITTLE_ENDIAN 1, 4 /* value and resource, as H_SET_MODE takes them */
#define H_REGISTER_PROC_TBL 0x37c
#define H_SIGNAL_SYS_RESET 0x380
#define H_RTAS 0xf000 /* QEMU's and KVM's own: RTAS without a code blob */

/* Calls @nr with up to four arguments; *@out, unless NULL, gets the first result. */
static inline long hcall(unsigned long nr, unsigned long a, unsigned long b, unsigned long c,
			 unsigned long d, unsigned long *out)
{
	register unsigned long r3 __asm__("r3") = nr;
	register unsigned long r4 __asm__("r4") = a;
	register unsigned long r5 __asm__("r5") = b;
	register unsigned long r6 __asm__("r6") = c;
	register unsigned long r7 __asm__("r7") = d;

	__asm__ __volatile__("sc 1"
			     : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
			     :
			     : "r0", "r8", "r9", "r10", "r11", "r12", "ctr", "xer", "cr0",
			       "memory");
	if (out)
		*out = r4;
	return (long)r3;
}
