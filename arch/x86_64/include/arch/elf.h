/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ELF loader must know of x86_64.
 */
#pragma once

#include "kernel/types.h"

#define ARCH_ELF_MACHINE 62 /* EM_X86_64 */
#define ARCH_PLATFORM "x86_64"
u64 arch_hwcap(void);
u64 arch_hwcap2(void);
