/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What host tests share: TAP, a random generator, CPUs, and panics that can be expected.
 *
 * The C library's headers define names that kernel/types.h defines too, so the few functions that
 * tests need of it are declared here.
 */
#pragma once

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

/* Makes @bytes of RAM from physical address 0 on; what is not touched costs nothing. */
void host_ram_init(u64 bytes);
/* Makes the calling thread CPU @id, which comes to be if it is not there yet. */
void host_set_cpu(unsigned int id);
/* The message with which @func panics, or NULL if it returns. */
const char *host_panic_of(void (*func)(void));
extern int host_panic_status; /* EXIT_PANIC unless panic_with said otherwise */
/* Runs @func in @n threads, as CPUs 0 to @n - 1, and waits for them. */
void host_run_cpus(unsigned int n, void *(*func)(void *));
