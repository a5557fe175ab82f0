/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offsets into struct arch_cpu that assembly and C share; arch/ppc64le/cpu.c asserts them. Only
 * #defines.
 */
#pragma once

#define CPU_SELF 0
#define CPU_CURRENT 8
#define CPU_KSTACK_TOP 16
#define CPU_USER_SP 24
#define CPU_SCRATCH 32	   /* 8 doublewords */
#define CPU_NMI_SCRATCH 96 /* 8 doublewords */
#define CPU_NMI_STACK_TOP 160
#define CPU_START_SP 168
