/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What host tests share: TAP, a random generator, CPUs, and panics that can be expected.
 *
 * The C library's headers define names that kernel/types.h defines too, so the few functions that
 * tests need of it are declared here.
 */
#pragma once

#include "arch/host/machine.h"
#include "kernel/cpu.h"

int printf(const char *fmt, ...) __printf(1, 2);
void *calloc(size_t n, size_t size);
void free(void *ptr);

/* Runs @test and prints its line. */
void host_run(const char *name, void (*test)(void));
#define RUN(test) host_run(#test, test)
/* The plan; returns main's value. */
int host_done(void);
void host_check(bool ok, const char *file, int line, const char *what);
/* A failed CHECK fails the test, which goes on. */
#define CHECK(cond) host_check(cond, __FILE__, __LINE__, #cond)

/* The same sequence in every run. */
u64 host_random(void);
/* The same from a state of one's own, which is not 0. */
u64 host_random_next(u64 *state);

/* Boots the parts of the kernel that mm needs, and mm: @ram bytes, @n CPUs, of which the last two
 * are mm's own threads'; the caller becomes CPU 0. */
void host_boot(u64 ram, unsigned int n);
/* The message with which @func panics, or NULL if it returns. */
const char *host_panic_of(void (*func)(void));
extern bool host_panic_aborts; /* a panic that nobody expects dumps core instead of exiting */
extern int host_panic_status; /* EXIT_PANIC unless panic_with said otherwise */
