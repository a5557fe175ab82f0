/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt vectors, and what a CPU needs before it can take interrupts.
 *
 * Owns the code at 0x100, 0x200 and VECTORS_PHYS, written once by the boot CPU, before other CPUs
 * run and before arch_mmu_init makes it read-only; the LPCR's interrupt modes, which CPUs that are
 * started later inherit. No locks.
 *
 * Source: Power ISA 3.0B, book III, 6.5 (vector offsets), 2.2 (LPCR: AIL, ILE); PAPR+ 14.5.4.3
 * (H_SET_MODE).
 */
#include "kernel/printk.h"
#include "arch/ppc64le/hcall.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/traps.h"

#define MODE_AIL_3 3, 3

#define FSCR_TAR BIT(8)
/* No execution of user pages by the kernel: key 0 of the IAMR, which all pages have. */
#define IAMR_KEY0_NO_EXEC BIT(62)

#define INSN_LI_MASK 0xffffU
#define INSN_BRANCH 0x48000000U
#define INSN_BRANCH_MASK 0x03fffffcU
#define VECTOR_LI 3 /* which word of entry_vector is the li, and which the branch */
#define VECTOR_BRANCH 4

static const struct {
	unsigned int vector;
	void (*entry)(void);
} vectors[] = {
	{ VEC_DATA, entry_fault },
	{ VEC_DATA_SEGMENT, entry_exception },
	{ VEC_INSN, entry_fault },
	{ VEC_INSN_SEGMENT, entry_exception },
	{ VEC_EXTERNAL, entry_interrupt },
	{ VEC_ALIGNMENT, entry_exception },
	{ VEC_PROGRAM, entry_exception },
	{ VEC_FP_UNAVAILABLE, entry_exception },
	{ VEC_DECREMENTER, entry_interrupt },
	{ VEC_SYSCALL, entry_syscall },
	{ VEC_TRACE, entry_exception },
	{ VEC_VEC_UNAVAILABLE, entry_exception },
	{ VEC_VSX_UNAVAILABLE, entry_exception },
	{ VEC_FACILITY, entry_exception },
};

/* Writes a vector at physical address @phys; @from is where the CPU sees it, @to its target. */
static void vector_write(const u32 *code, phys_addr_t phys, unsigned int vector,
			 unsigned long from, unsigned long to)
{
	u32 *place = phys_to_virt(phys);
	long distance = (long)(to - (from + VECTOR_BRANCH * sizeof(*place)));

	for (unsigned int i = 0; i < VECTOR_BRANCH; i++)
		place[i] = code[i];
	place[VECTOR_LI] = (code[VECTOR_LI] & ~INSN_LI_MASK) | vector;
	place[VECTOR_BRANCH] = INSN_BRANCH | ((u32)distance & INSN_BRANCH_MASK);
	for (unsigned int i = 0; i < ENTRY_VECTOR_WORDS; i++)
		__asm__ __volatile__("dcbst 0, %0; sync; icbi 0, %0; isync" ::"r"(place + i)
				     : "memory");
}

static void vectors_write(void)
{
	static const unsigned int real_mode[] = { VEC_RESET, VEC_MACHINE_CHECK };

	for (unsigned int i = 0; i < ARRAY_SIZE(real_mode); i++)
		vector_write(entry_vector_nmi, real_mode[i], real_mode[i], real_mode[i],
			     image_to_phys((const void *)entry_nmi));
	for (unsigned int i = 0; i < ARRAY_SIZE(vectors); i++) {
		phys_addr_t phys = VECTORS_PHYS + vectors[i].vector;

		vector_write(entry_vector, phys, vectors[i].vector,
			     (unsigned long)phys_to_virt(phys), (unsigned long)vectors[i].entry);
	}
}

void traps_init_cpu(struct cpu *cpu)
{
	if (cpu == &boot_cpu) {
		vectors_write();
		if (hcall(H_SET_MODE, MODE_LITTLE_ENDIAN, 0, 0, NULL) ||
		    hcall(H_SET_MODE, MODE_AIL_3, 0, 0, NULL))
			panic("the hypervisor does not set the interrupt mode");
	}
	mtspr(SPR_FSCR, FSCR_TAR);
	mtspr(SPR_IAMR, IAMR_KEY0_NO_EXEC);
}
