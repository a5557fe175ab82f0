/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ELF loader must know of ppc64le, ABI ELFv2.
 */
#pragma once

#include "kernel/types.h"

#define ARCH_ELF_MACHINE 21 /* EM_PPC64 */
#define ARCH_PLATFORM "power9"
u64 arch_hwcap(void);
u64 arch_hwcap2(void);
