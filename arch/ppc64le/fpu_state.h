/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offsets in struct fpu_state (arch/ppc64le/traps.h), for fpu_regs.S. Only #defines.
 */
#pragma once

#define FPU_VSCR 1024 /* after 64 registers */
#define FPU_FPSCR 1040
#define FPU_VRSAVE 1048
#define FPU_TAR 1056
#define FPU_STATE_SIZE 1072
