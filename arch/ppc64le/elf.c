/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs are told of the CPU: POWER9 without transactional memory, without the scv
 * instruction and without the facilities that the kernel does not save (DSCR, EBB).
 *
 * Source: Linux UAPI header asm/cputable.h.
 */
#include "arch/elf.h"

/* ppc64, FPU, Altivec, VSX, DFP, ISA 2.05, 2.06, SMT, i-cache snooping, true little endian. */
#define HWCAP_POWER9 0xdc0065c2UL
/* ISA 2.07 and 3.0, isel, TAR, vector crypto, 128-bit IEEE, darn. */
#define HWCAP2_POWER9 0x8ee00000UL

u64 arch_hwcap(void)
{
	return HWCAP_POWER9;
}

u64 arch_hwcap2(void)
{
	return HWCAP2_POWER9;
}
