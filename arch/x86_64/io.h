/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port I/O.
 */
#pragma once

#include "kernel/types.h"

static inline void outb(u16 port, u8 value)
{
	__asm__ __volatile__("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 value)
{
	__asm__ __volatile__("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ __volatile__("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/* Many bytes to or from one port; under KVM one exit serves many. */
static inline void outsb(u16 port, const void *buf, size_t n)
{
	__asm__ __volatile__("rep outsb" : "+S"(buf), "+c"(n) : "d"(port) : "memory");
}

static inline void insb(u16 port, void *buf, size_t n)
{
	__asm__ __volatile__("rep insb" : "+D"(buf), "+c"(n) : "d"(port) : "memory");
}
