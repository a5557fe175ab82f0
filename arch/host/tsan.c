/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the thread sanitizer is told of READ_ONCE and WRITE_ONCE: that they are atomic accesses
 * which acquire and release. They may race with each other, but not with plain accesses: who
 * forgets the mark on one side is reported (hazard L-18). The compiler calls these before each
 * volatile access; nothing is here without that sanitizer.
 */
#include "arch/atomic.h"

#ifdef HOST_NO_FENCES
/* As the sanitizer numbers the orders. */
#define ACQUIRE 2
#define RELEASE 3

/* An addition of zero is a write that changes nothing. */
#define DEFINE_VOLATILE(bytes, bits)                                                               \
	u##bits __tsan_atomic##bits##_load(const volatile u##bits *p, int order);                  \
	u##bits __tsan_atomic##bits##_fetch_add(volatile u##bits *p, u##bits n, int order);        \
	void __tsan_volatile_read##bytes(void *p);                                                 \
	void __tsan_volatile_write##bytes(void *p);                                                \
                                                                                                   \
	void __tsan_volatile_read##bytes(void *p)                                                  \
	{                                                                                          \
		(void)__tsan_atomic##bits##_load(p, ACQUIRE);                                      \
	}                                                                                          \
                                                                                                   \
	void __tsan_volatile_write##bytes(void *p)                                                 \
	{                                                                                          \
		(void)__tsan_atomic##bits##_fetch_add(p, 0, RELEASE);                              \
	}
DEFINE_VOLATILE(1, 8)
DEFINE_VOLATILE(2, 16)
DEFINE_VOLATILE(4, 32)
DEFINE_VOLATILE(8, 64)
#endif
