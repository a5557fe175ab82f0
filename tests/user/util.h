/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user programs under test share. They are ordinary Linux programs: run on Linux they
 * must hold the same property, and Linux is the oracle (tests/host/user_oracle.py).
 *
 * Exit status: 0 the property held, 1 it was violated (a line on standard error says how),
 * 2 usage. Threads wait for each other by atomics, futexes and barriers, never by sleeping.
 *
 * Include this first: it selects the C library's GNU interfaces.
 */
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/uapi.h"
#include "user/cycles.h" /* the arch's */

/* --- programs --- */
struct user_program {
	const char *name;
	int (*main)(int argc, char **argv); /* argv[0] is the name */
	const char *what;
};

/* Makes `utest @name` run @fn; @what is its line in `utest list`. */
#define USER_PROGRAM(name, fn, what)                                                               \
	static const struct user_program fn##_program = {name, fn, what};                          \
	static const struct user_program *const fn##_entry                                         \
		__attribute__((section("user_programs"), used)) = &fn##_program

/* The one that runs. */
extern const char *program_name;

/* --- verdicts --- */
/* Says what went wrong and ends the process with status 1. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* The same with status 2. */
void usage(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define check(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail(__VA_ARGS__);                                                         \
	} while (0)

/* --- options --- */
enum option_kind { OPTION_NUMBER, OPTION_WORD, OPTION_FLAG };

struct user_option {
	const char *name; /* without the dashes; NULL ends the table */
	enum option_kind kind;
	void *value; /* unsigned long *, const char ** or bool * */
};

/*
 * Parses --name=value, --name value and --flag. What is no option moves to argv[1] and on; returns
 * how many those are. Anything unknown is a usage error.
 */
int parse_options(int argc, char **argv, const struct user_option *options);
unsigned long parse_number(const char *text);

/* --- CPUs and threads --- */
/* How many CPUs the process may use, and what they are. Worker N runs on the Nth, wrapping. */
unsigned int nr_cpus(void);
unsigned int nth_cpu(unsigned int n);
/* Pins the calling thread to the Nth CPU. */
void pin_to_cpu(unsigned int n);

struct worker {
	unsigned int id;
	void *arg;
	void (*fn)(struct worker *worker);
	unsigned int cpu; /* the Nth, as for pin_to_cpu */
	pthread_t thread;
};

/* Starts @n threads, number I pinned to CPU @first_cpu + I, with their stacks touched. */
struct worker *workers_start(unsigned int n, unsigned int first_cpu,
			     void (*fn)(struct worker *worker), void *arg);
void workers_join(struct worker *workers, unsigned int n);

/* A thread anywhere, or dies. */
pthread_t thread_start(void *(*fn)(void *arg), void *arg);
void *thread_join(pthread_t thread);

/* Spins politely, now and then gives the CPU away: virtual CPUs outnumber real ones. */
void spin_once(unsigned int *spins);
#define spin_until(condition)                                                                      \
	do {                                                                                       \
		unsigned int spins_ = 0;                                                           \
		while (!(condition))                                                               \
			spin_once(&spins_);                                                        \
	} while (0)

/* For @total threads, over and over. They stay runnable while they wait. */
struct spin_barrier {
	unsigned int total;
	atomic_uint arrived, generation;
};

void barrier_wait(struct spin_barrier *barrier);

/* The futex call itself; musl's headers name neither it nor its operations. */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
static inline long futex_call(const void *word, int op, uint32_t value,
			      const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

/* --- memory --- */
#define TABLE_SPAN (2UL << 20) /* what one leaf page table maps, on both architectures */

size_t page_size(void);
/* Private anonymous memory anywhere, or dies. */
char *map_pages(size_t size, int prot);
/* PROT_NONE memory at a multiple of @align, with at least a page of PROT_NONE on both sides. */
char *map_reserve(size_t size, size_t align);
/* The same, readable and writable: a VMA that no neighbour merges with. */
char *map_island(size_t size, size_t align);
void protect(void *addr, size_t size, int prot);
/* The first word of page @index of a region. */
volatile uint64_t *page_word(char *base, size_t index);
/* Touches the program's image and some stack, so that the code that follows takes no faults. */
void warm_up(void);

/* A generator that gives the same numbers everywhere. */
uint64_t random_next(uint64_t *state);
static inline unsigned long random_below(uint64_t *state, unsigned long limit)
{
	return (unsigned long)(random_next(state) % limit);
}

/* --- expected segmentation faults --- */
struct segv {
	unsigned int count; /* of this thread so far */
	uintptr_t addr;	    /* of the latest */
	int code;
};

extern _Thread_local struct segv last_segv;

/* Catches SIGSEGV in the try_ functions from now on; one anywhere else still kills. */
void segv_catch(void);
/* Whether the access went through; if not, last_segv tells of the one signal it got. */
bool try_write(volatile uint64_t *word, uint64_t value);
bool try_read(volatile uint64_t *word, uint64_t *value);
bool try_call(const void *code);

/* --- Faultline's extension --- */
/* Whether this kernel has it. */
bool fl_present(void);
/* The operation's result; 0 where the extension is absent. An error is fatal. */
long fl_prctl(enum fl_op op, const void *a, unsigned long b);
/* Counters of this address space so far; false where the extension is absent. */
bool fl_get_counts(struct fl_counts *counts);
/* "classic", "spf", or "linux" where the extension is absent. */
const char *fl_path_name(void);
/* Takes the path called @name from now on; NULL changes nothing. */
void fl_set_path(const char *name);
/* Place of the reason no_pmd in fl_counts.aborts. */
#define FL_ABORT_NO_PMD 12
