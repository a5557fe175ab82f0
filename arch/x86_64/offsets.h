/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that assembly and C share: selectors, a flag, and offsets into structures, which
 * arch/x86_64/trap.c and context.c assert. The offset of thread->work is no constant here: it
 * comes as the absolute symbol THREAD_WORK from trap.c, since generic code owns that structure.
 */
#pragma once

/* The order that sysret wants: user data, then user code (Intel SDM volume 2, SYSRET). */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_SYSRET_BASE 0x1b /* a null descriptor: there is no 32-bit user mode */
#define SEL_USER_DATA 0x23
#define SEL_USER_CODE 0x2b
#define SEL_TSS 0x30

/* struct arch_cpu */
#define CPU_CURRENT 8
#define CPU_KSTACK_TOP 16
#define CPU_USER_SP 24

/* struct trap_frame */
#define TF_RAX 80
#define TF_RDI 112
#define TF_VECTOR 120
#define TF_RIP 136
#define TF_CS 144
#define TF_RSP 160
#define TF_SIZE 176
#define TF_CALLEE_SAVED_SIZE 48 /* r15 to rbx, the lowest part */

#define RFLAGS_AC 0x40000 /* user memory is open, with SMAP */

#define SYSCALL_ARGS_SIZE 48
#define SYSCALL_VECTOR 0x100

#define VECTOR_NMI 2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_STUB_SIZE 16
