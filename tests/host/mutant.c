/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lab/mutant.c for programs of the host: the environment variable MUTANT stands for the boot word
 * mutant=, and the numbers that are reached go to the file that MUTANT_FILE names, each once for
 * each process. Threads may race to tell one; twice does no harm. Waits end sooner than they do
 * otherwise, since many mutants make somebody wait in vain.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MUTANTS
#define MUTANTS 0
#endif

#if MUTANTS
#define MUTANT_RECORD 0xffffffffu

#define WAIT_LIMIT_NS UINT64_C(10000000000)
extern uint64_t wait_limit_ns; /* kernel/time.h */

unsigned int mutant_now;
_Bool mutant_reach(unsigned int id);

static unsigned char told[MUTANTS + 1];
static int file = -1;

__attribute__((constructor)) static void mutant_from_environment(void)
{
	const char *number = getenv("MUTANT"), *name = getenv("MUTANT_FILE");

	if (!number || !name)
		return;
	mutant_now = strcmp(number, "record") ? (unsigned int)strtoul(number, NULL, 10)
					      : MUTANT_RECORD;
	file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (file < 0)
		exit(2);
	wait_limit_ns = WAIT_LIMIT_NS;
}

_Bool mutant_reach(unsigned int id)
{
	if (!told[id]) {
		told[id] = 1;
		if (write(file, &id, sizeof(id)) != sizeof(id))
			exit(2);
	}
	return mutant_now != MUTANT_RECORD;
}
#endif
