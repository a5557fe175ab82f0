/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What entry, trap, context, FPU and signal code of ppc64le share.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/types.h"
#include "arch/page.h"
#include "arch/trap.h"
#include "arch/ppc64le/frame.h"

struct thread;

/* The MSR of user mode: 64 bits, little endian, translation, interrupts; FP, VEC and VSX always. */
#define MSR_SF BIT(63)
#define MSR_USER (MSR_SF | 0x2000000UL | 0x800000UL | MSR_EE_RI | MSR_PR | MSR_FP | 0x1000UL |     \
		  MSR_IR_DR | 1UL)

#define mfspr(spr)                                                                                 \
	({                                                                                         \
		unsigned long spr_value;                                                           \
		__asm__ __volatile__("mfspr %0, %1" : "=r"(spr_value) : "i"(spr) : "memory");      \
		spr_value;                                                                         \
	})
#define mtspr(spr, value)                                                                          \
	__asm__ __volatile__("mtspr %0, %1" ::"i"(spr), "r"((unsigned long)(value)) : "memory")

/* --- entry.S, context.S --- */
extern const u32 entry_vector[], entry_vector_nmi[]; /* ENTRY_VECTOR_WORDS each */
#define ENTRY_VECTOR_WORDS 5
extern const u8 entry_text_start[], entry_text_stop[];
extern const u8 entry_syscall_return[]; /* where syscall_dispatch returns to */
extern const u8 sigreturn_page[];	/* a page */
void entry_fault(void);
void entry_exception(void);
void entry_interrupt(void);
void entry_syscall(void);
void entry_nmi(void);
void context_start_kernel(void);
void context_start_user(void);

/* --- called by entry.S, on the thread's kernel stack unless it says otherwise --- */
void trap_page_fault(struct trap_frame *regs);
void trap_exception(struct trap_frame *regs);
void trap_interrupt(struct trap_frame *regs);
void trap_nmi(struct trap_frame *regs); /* NMI stack */

/* "data storage interrupt" and so on. */
const char *trap_name(u64 trap);

/* --- uaccess.c --- */
/* Where to go on when the instruction at @pc faults; 0 if it must not. */
unsigned long uaccess_fixup(unsigned long pc);

/* --- fpu.c --- */
struct fpu_state {
	u64 vsr[64][2]; /* [1] is doubleword 0: of the first 32 registers, the FPR */
	u64 vscr[2];
	u64 fpscr, vrsave, tar, reserved;
} __aligned(16);

void fpu_regs_save(struct fpu_state *state);
void fpu_regs_load(const struct fpu_state *state);
/* Brings the current thread's memory image up to date and returns it; the registers stay. */
const struct fpu_state *fpu_sync(void);
/* Gives the current thread the state @state. */
void fpu_load(const struct fpu_state *state);
/* Memory for @thread, holding the initial state. 0 or -ENOMEM. */
int fpu_alloc(struct thread *thread);
void fpu_free(struct thread *thread);
/* @thread, which has not run, gets a copy of the current thread's state. */
void fpu_clone(struct thread *thread);
