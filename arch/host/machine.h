/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine that arch/host makes of a process, for who boots it: tests and fuzzers.
 */
#pragma once

#include "kernel/types.h"

/* RAM of @bytes from physical address 0 on; what is not touched costs nothing. */
void host_ram_init(u64 bytes);
/* Makes @n CPUs. Threads that the kernel makes take the last ones, one each. */
void host_cpus_init(unsigned int n);
/* Makes the calling thread CPU @id, which comes to be if it is not there yet. */
void host_set_cpu(unsigned int id);
/* Runs @func in @n threads, as CPUs 0 to @n - 1, and waits for them; the caller is none then. */
void host_run_cpus(unsigned int n, void *(*func)(void *));

/* --- user mode --- */
enum host_access { HOST_READ, HOST_WRITE, HOST_EXEC };

#define HOST_TLB_ENTRIES 1024

/* A translation that a CPU remembers until it is flushed. */
struct host_tlb_entry {
	unsigned long page; /* address, with bit 0 set if there is one */
	u64 pte;
};

/*
 * What an instruction of user mode does that reads, writes or fetches the aligned word at @addr of
 * the address space that is loaded on this CPU: through its TLB, else through the page tables, else
 * by a fault and once more. 0 with *@value read or written, or SEGV_MAPERR or SEGV_ACCERR if it
 * ends in a signal, or SIGKILL if the process was killed for want of memory. Interrupts on.
 */
int host_user_access(enum host_access access, unsigned long addr, u64 *value);
/* One try of it, without a fault: false if there is no translation that permits it. */
bool host_translate(enum host_access access, unsigned long addr, u64 *value);
/* The entry for @addr in the tables that are loaded on this CPU, or 0; no translation is made. */
u64 host_walk(unsigned long addr);
/* This CPU's translation number @i, or NULL: for tests that no stale one is left. */
const struct host_tlb_entry *host_tlb_entry(unsigned int i);
