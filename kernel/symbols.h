/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own symbol table, linked in by a second pass of the build (tools/gen-symtab.py).
 */
#pragma once

#include "kernel/types.h"

/*
 * The function that holds @addr; *@offset and *@size in bytes. NULL if no function does, which is
 * every time in the first link pass.
 */
const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);
