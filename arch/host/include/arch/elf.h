/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs of the host: none is ever run, but the loader wants to know which it would.
 */
#pragma once

#include "kernel/types.h"

#define ARCH_ELF_MACHINE 62 /* EM_X86_64 */
#define ARCH_PLATFORM "host"
u64 arch_hwcap(void);
u64 arch_hwcap2(void);
