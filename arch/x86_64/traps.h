/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What entry, trap, context, FPU and signal code of x86_64 share.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/types.h"
#include "arch/trap.h"
#include "arch/x86_64/msr.h"

struct thread;

/* --- machine registers; those of other parts are in msr.h --- */
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102

#define RFLAGS_FIXED 0x2UL
#define RFLAGS_TF 0x100UL
#define RFLAGS_DF 0x400UL
#define RFLAGS_RF 0x10000UL
/* What user mode may choose by itself: CF PF AF ZF SF TF DF OF RF AC ID. */
#define RFLAGS_USER 0x250dd5UL

static inline unsigned long reg_cr2_read(void)
{
	unsigned long value;

	__asm__ __volatile__("movq %%cr2, %0" : "=r"(value)::"memory");
	return value;
}

/* Whether iretq takes @addr. User mode can then fault there, which is its own affair. */
static inline bool addr_is_canonical(unsigned long addr)
{
	return (unsigned long)((long)(addr << 16) >> 16) == addr;
}

/* --- cpu.c: tables of one CPU, and what else lies in their four pages --- */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base; /* beyond the limit: no ports for user mode */
} __packed;

#define IST_NMI 1
#define IST_FATAL 2 /* double fault and machine check: neither returns */

struct arch_tables {
	u64 gdt[8];
	struct tss tss;
	u8 nmi_stack[8192 - 256] __aligned(16);
	u8 fatal_stack[8192] __aligned(16);
};

extern struct arch_tables boot_tables;

/* The CPU with this LAPIC number, NULL before it has come through arch_cpu_init. */
struct cpu *cpu_by_apic_id(u32 id);

/* --- entry.S, context.S --- */
extern const u8 entry_stubs[];		  /* 256 of VECTOR_STUB_SIZE bytes */
extern const u8 entry_text_start[], entry_text_stop[];
extern const u8 entry_syscall_return[];	  /* where syscall_dispatch returns to */
void entry_syscall(void);
void entry_page_fault(void);
void entry_return_frame(struct trap_frame *regs) __noreturn;
void entry_nmi(void);
void entry_double_fault(void);
void entry_machine_check(void);
void context_start_kernel(void);
void context_start_user(void);

/* --- called by entry.S, on the thread's kernel stack unless it says otherwise --- */
void trap_user_page_fault(struct trap_frame *regs);
void trap_kernel_page_fault(struct trap_frame *regs);
void trap_exception(struct trap_frame *regs);
void trap_interrupt(struct trap_frame *regs);
void trap_nmi(struct trap_frame *regs);		  /* NMI stack, any GS base */
void trap_double_fault(struct trap_frame *regs) __noreturn;  /* fatal stack, any GS base */
void trap_machine_check(struct trap_frame *regs) __noreturn; /* fatal stack, any GS base */

#define NR_EXCEPTIONS 32 /* vectors below are exceptions, those above interrupts */

/* "page fault" and so on. */
const char *trap_vector_name(u64 vector);

/* --- uaccess.c --- */
/* 1 if the CPUs have SMAP; entry.S reads it. */
extern u32 uaccess_smap;
/* Where to go on when the instruction at @pc faults; 0 if it must not. */
unsigned long uaccess_fixup(unsigned long pc);

/* --- fpu.c --- */
struct fpu_state {
	u16 fcw, fsw, ftw, fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	u8 registers[480]; /* x87, XMM, reserved */
} __aligned(16);

/* Boot CPU, once, after CR4.OSFXSR is set. */
void fpu_init(void);
/* Brings the current thread's memory image up to date and returns it; the registers stay. */
const struct fpu_state *fpu_sync(void);
/* Whether FXRSTOR takes @state: its MXCSR has no bits that the CPU does not know. */
bool fpu_state_ok(const struct fpu_state *state);
/* Gives the current thread the state @state, which is ok. */
void fpu_load(const struct fpu_state *state);
/* Gives the current thread the state with which programs start. */
void fpu_reset(void);
/* si_code for the floating-point exception of the current thread, 0 if there is none. */
int fpu_exception_code(bool simd);
/* Memory for @thread, holding the initial state. 0 or -ENOMEM. */
int fpu_alloc(struct thread *thread);
void fpu_free(struct thread *thread);
/* @thread, which has not run, gets a copy of the current thread's state. */
void fpu_clone(struct thread *thread);
