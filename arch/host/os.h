/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What arch/host needs of Linux and the C library, without their headers, whose names are the
 * kernel's too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one thread sleeps in and any other can wake; a wake-up that comes first is kept. */
struct os_parker *os_parker_create(void);
void os_park(struct os_parker *parker, uint64_t limit_ns);
void os_unpark(struct os_parker *parker);

/* A thread that runs @func(@arg); os_thread_join waits for its end, os_thread_forget never does. */
void *os_thread_start(void *(*func)(void *arg), void *arg);
void os_thread_join(void *thread);
void os_thread_forget(void *thread);

void os_yield(void);
uint64_t os_clock_ns(void);
/* Zeroed memory: of any size, of which only what is touched costs anything; and of an object. */
void *os_reserve(size_t bytes);
void *os_zalloc(size_t bytes);
void os_free(void *object);
/* Ends the process at once, without its handlers. */
void os_exit(int status) __attribute__((noreturn));
void os_abort(void) __attribute__((noreturn));
