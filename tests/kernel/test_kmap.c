/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite kmap: what is in the kernel's own page tables, all of it.
 *
 * Says of every address of the kernel's half what must be there, by the linker's symbols and the
 * machine's memory map: the parts of the image with just their rights, all RAM at its place and
 * without a second way to write to or run what the image protects, stacks above their guards.
 * Then goes through the tables entry by entry. A page too many, one with another frame or with
 * other rights, and a page that is missing are all counted, so that both bounds of each range are
 * exact. Nothing else runs and no stack is made meanwhile; the tables are read without a lock.
 */
#include "arch/mmu.h"
#include "arch/tlb.h"
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "lab/quarantine.h"
#include "mm/slab.h"
#include "tests/kernel/test.h"

#define READ BIT(0)
#define WRITE BIT(1)
#define EXEC BIT(2)
#define USER BIT(3)

/* From linker.ld and boot/. */
extern const char text_start[], text_end[], user_text_start[], user_text_end[];
extern const char rodata_start[], rodata_end[], data_start[], image_end[];
extern char boot_stack_guard[], boot_stack[];

struct area {
	const char *what;
	unsigned long start, end;
	unsigned int rights;   /* 0: nothing is mapped there */
	unsigned long address; /* of frame 0 by this area's offset; 0: frames are anywhere */
	u64 pages;	       /* that were found */
};

/* Where several hold an address the first counts. */
static struct area areas[11 + MAX_MEM_RANGES];
static unsigned int nr_areas;
static u64 wrong;

static void add(const char *what, unsigned long start, unsigned long end, unsigned int rights,
		unsigned long address)
{
	areas[nr_areas++] = (struct area){ what, start, end, rights, address, 0 };
}

static void add_image(const char *what, const char *start, const char *end, unsigned int rights)
{
	add(what, (unsigned long)start, (unsigned long)end, rights, KERNEL_VIRT_OFFSET);
}

static void describe_map(void)
{
	const char *image = (const char *)KERNEL_VIRT_OFFSET + KERNEL_PHYS_BASE;

	nr_areas = 0;
	add_image("guard of the boot stack", boot_stack_guard, boot_stack, 0);
	add_image("text of user mode", user_text_start, user_text_end, READ | EXEC | USER);
	add_image("boot code", image, text_start, READ);
	add_image("text", text_start, text_end, READ | EXEC);
	add_image("rodata", rodata_start, rodata_end, READ);
	add_image("data", data_start, image_end, READ | WRITE);
	add("vectors", DIRECT_MAP_BASE + ALIGN_DOWN(VECTORS_PHYS, PAGE_SIZE),
	    DIRECT_MAP_BASE + ALIGN_UP(VECTORS_END, PAGE_SIZE), READ | EXEC, DIRECT_MAP_BASE);
	add("frame 0", DIRECT_MAP_BASE, DIRECT_MAP_BASE + PAGE_SIZE, 0, DIRECT_MAP_BASE);
	add("RAM of the image's constant parts", DIRECT_MAP_BASE + KERNEL_PHYS_BASE,
	    DIRECT_MAP_BASE + image_to_phys(rodata_end), READ, DIRECT_MAP_BASE);
	for (unsigned int i = 0; i < boot_info.nr_ram; i++)
		add("RAM", DIRECT_MAP_BASE + boot_info.ram[i].start,
		    DIRECT_MAP_BASE + boot_info.ram[i].end, READ | WRITE, DIRECT_MAP_BASE);
	add("stacks", KSTACK_AREA_BASE, KSTACK_AREA_BASE + KSTACK_AREA_SIZE, READ | WRITE, 0);
	add("devices", DEVICE_MAP_BASE, DEVICE_MAP_BASE + DEVICE_MAP_SIZE, READ | WRITE, 0);
}

static struct area *area_of(unsigned long virt)
{
	for (unsigned int i = 0; i < nr_areas; i++)
		if (virt >= areas[i].start && virt < areas[i].end)
			return &areas[i];
	return NULL;
}

static bool is_ram(phys_addr_t phys)
{
	for (unsigned int i = 0; i < boot_info.nr_ram; i++)
		if (phys >= boot_info.ram[i].start && phys < boot_info.ram[i].end)
			return true;
	return false;
}

/* Whether @phys may be what @virt of @area shows. The lower half of a stack's slot is its guard. */
static bool frame_ok(const struct area *area, unsigned long virt, phys_addr_t phys)
{
	if (area->address)
		return virt - area->address == phys;
	if (area->start != KSTACK_AREA_BASE)
		return !is_ram(phys);
	return is_ram(phys) && virt % (2 * KSTACK_SIZE) >= KSTACK_SIZE &&
	       pfn_to_page(phys >> PAGE_SHIFT)->kind == PAGE_KERNEL;
}

/* Freed pages that pagealloc=debug holds back keep their entry, which is not present. */
static bool present_ok(pte_t pte, phys_addr_t phys)
{
	return pte_present(pte) || (quarantine_on && is_ram(phys) &&
				    pfn_to_page(phys >> PAGE_SHIFT)->kind == PAGE_FREE);
}

static void check_page(unsigned long virt, phys_addr_t phys, pte_t pte)
{
	unsigned int rights = READ | (pte_write(pte) ? WRITE : 0) | (pte_exec(pte) ? EXEC : 0) |
			      (pte_user(pte) ? USER : 0);
	struct area *area = area_of(virt);

	if (area && area->rights == rights && frame_ok(area, virt, phys) && present_ok(pte, phys)) {
		area->pages++;
		return;
	}
	if (++wrong <= 5)
		printk("kmap: %lx is frame %lx, %s r%c%c%c, expected %s with rights %x", virt,
		       phys, pte_present(pte) ? "there," : "not there,", rights & WRITE ? 'w' : '-',
		       rights & EXEC ? 'x' : '-', rights & USER ? 'u' : '-',
		       area ? area->what : "nothing", area ? area->rights : 0);
}

/* A page, or a larger piece of @size bytes in an entry of an upper table. */
static void check_leaf(unsigned long virt, pte_t pte, unsigned long size)
{
	phys_addr_t phys = pte_pfn(pte) << PAGE_SHIFT;

	for (unsigned long at = 0; at < size; at += PAGE_SIZE)
		check_page(virt + at, phys + at, pte);
}

static void check_ptes(unsigned long virt, pmd_t pmd)
{
	const pte_t *ptes = phys_to_virt(pmd_table_phys(pmd));

	for (unsigned long i = 0; i < PTE_TABLE_SIZE / sizeof(*ptes); i++)
		if (!pte_none(pte_read(&ptes[i])))
			check_leaf(virt + (i << PTE_SHIFT), pte_read(&ptes[i]), PAGE_SIZE);
}

static void check_pmds(unsigned long virt, pud_t pud)
{
	const pmd_t *pmds = phys_to_virt(pud_table_phys(pud));

	for (unsigned long i = 0; i < PMD_TABLE_SIZE / sizeof(*pmds); i++) {
		pmd_t pmd = pmd_read(&pmds[i]);

		if (!pmd_none(pmd) && pmd_huge(pmd))
			check_leaf(virt + (i << PMD_SHIFT), (pte_t){ pmd.v }, PMD_SIZE);
		else if (!pmd_none(pmd))
			check_ptes(virt + (i << PMD_SHIFT), pmd);
	}
}

static void check_puds(unsigned long virt, p4d_t p4d)
{
	const pud_t *puds = phys_to_virt(p4d_table_phys(p4d));

	for (unsigned long i = 0; i < PUD_TABLE_SIZE / sizeof(*puds); i++) {
		pud_t pud = pud_read(&puds[i]);

		if (!pud_none(pud) && pud_huge(pud))
			check_leaf(virt + (i << PUD_SHIFT), (pte_t){ pud.v }, PUD_SIZE);
		else if (!pud_none(pud))
			check_pmds(virt + (i << PUD_SHIFT), pud);
	}
}

/* Goes through all there is. What user mode's addresses would be is empty here. */
static void check_tables(void)
{
	unsigned long first = table_index(DIRECT_MAP_BASE, PGD_SHIFT);

	wrong = 0;
	describe_map();
	for (unsigned long i = 0; i < ARRAY_SIZE(kernel_pgd); i++) {
		unsigned long virt = DIRECT_MAP_BASE + ((i - first) << PGD_SHIFT);
		p4d_t p4d = p4d_read(p4d_of(&kernel_pgd[i], virt));

		if (!p4d_none(p4d) && i >= first)
			check_puds(virt, p4d);
		else
			wrong += !p4d_none(p4d);
	}
}

/* How many pages must have been found in @area: all that no other counts, or the stacks'. */
static u64 pages_expected(const struct area *area)
{
	u64 n = 0;

	if (area->start == KSTACK_AREA_BASE)
		return kstack_nr_pages();
	if (!area->rights || !area->address)
		return area->pages;
	for (unsigned long virt = area->start; virt < area->end; virt += PAGE_SIZE)
		n += area_of(virt) == area;
	return n;
}

TEST(kmap, exact, "the kernel's map holds what it must, with just the rights, and nothing more")
{
	check_tables();
	for (unsigned int i = 0; i < nr_areas; i++) {
		test_note(t, "%s: %lu pages", areas[i].what, (unsigned long)areas[i].pages);
		if (areas[i].pages != pages_expected(&areas[i]))
			test_fail(t, "%s: %lu pages are mapped, not %lu", areas[i].what,
				  (unsigned long)areas[i].pages,
				  (unsigned long)pages_expected(&areas[i]));
	}
	EXPECT_EQ(t, wrong, 0);
}

/* The same look finds a page that is put below a stack, where its guard must be. */
TEST(kmap, control, "a page in a stack's guard is found")
{
	unsigned long guard = KSTACK_AREA_BASE;
	struct page *page = page_alloc(0, PAGE_KERNEL, 0);

	if (!page || arch_kernel_map_page(guard, page_to_phys(page))) {
		test_error(t, "no memory for the test");
		return;
	}
	printk_set_expected(true);
	check_tables();
	printk_set_expected(false);
	EXPECT_EQ(t, wrong, 1);
	EXPECT_EQ(t, arch_kernel_map_page(guard, 0), 0);
	page_put(page);
	check_tables();
	EXPECT_EQ(t, wrong, 0);
}

static struct page *two_pages[2];
static u64 words_seen[2];
static bool map_failed;

/* The entry of a page for which there are tables. */
static pte_t *entry_of(unsigned long virt)
{
	p4d_t p4d = p4d_read(p4d_of(&kernel_pgd[table_index(virt, PGD_SHIFT)], virt));
	const pud_t *puds = phys_to_virt(p4d_table_phys(p4d));
	pud_t pud = pud_read(&puds[table_index(virt, PUD_SHIFT)]);
	const pmd_t *pmds = phys_to_virt(pud_table_phys(pud));
	pmd_t pmd = pmd_read(&pmds[table_index(virt, PMD_SHIFT)]);

	return (pte_t *)phys_to_virt(pmd_table_phys(pmd)) + table_index(virt, PTE_SHIFT);
}

/* Puts another page in the place of one whose translation the CPU then forgets. */
static void (*replace)(unsigned long virt, pte_t second);

/* The second comes by its entry alone, so that nothing flushes but the first one's going. */
static void replace_taken_away(unsigned long virt, pte_t second)
{
	map_failed |= arch_kernel_map_page(virt, 0);
	pte_set(entry_of(virt), second);
}

/* What is read below the first stack when first one page is there and then another. */
static void read_two_pages(void *arg)
{
	volatile u64 *guard = (volatile u64 *)KSTACK_AREA_BASE;
	unsigned long virt = (unsigned long)guard;
	pte_t second;

	(void)arg;
	map_failed = arch_kernel_map_page(virt, page_to_phys(two_pages[1]));
	if (map_failed)
		return;
	second = pte_read(entry_of(virt));
	map_failed |= arch_kernel_map_page(virt, 0);
	map_failed |= arch_kernel_map_page(virt, page_to_phys(two_pages[0]));
	words_seen[0] = *guard;
	replace(virt, second);
	words_seen[1] = *guard;
	map_failed |= arch_kernel_map_page(virt, 0);
}

static void replace_and_read(struct test_run *t, void (*by)(unsigned long virt, pte_t second))
{
	for (unsigned int i = 0; i < 2; i++) {
		two_pages[i] = page_alloc(0, PAGE_KERNEL, 0);
		if (!two_pages[i])
			panic("no memory for the test");
		*(u64 *)page_to_virt(two_pages[i]) = i + 1;
	}
	replace = by;
	thread_join(test_start("reader", read_two_pages, 0));
	EXPECT(t, !map_failed);
	EXPECT_EQ(t, words_seen[0], 1);
	EXPECT_EQ(t, words_seen[1], 2);
	for (unsigned int i = 0; i < 2; i++)
		page_put(two_pages[i]);
}

/* A page that is taken away is forgotten by the CPU that did it, which had its translation. */
TEST(kmap, page_goes, "in place of a page that was taken away another one is read")
{
	replace_and_read(t, replace_taken_away);
}

#if LAB
static void replace_and_flush_all(unsigned long virt, pte_t second)
{
	pte_set(entry_of(virt), second);
	arch_tlb_flush_kernel_all();
}

TEST(kmap, all_go, "a flush of all that the kernel has makes the CPU forget a page")
{
	replace_and_read(t, replace_and_flush_all);
}

/* Maps @page at @virt and takes it away again, at first without memory for a table: 0 if the first
 * is refused, and the rest is not. */
static int map_short_of_memory(unsigned long virt, struct page *page)
{
	int refused, err;

	page_alloc_fail_kernel(true);
	refused = arch_kernel_map_page(virt, page_to_phys(page));
	page_alloc_fail_kernel(false);
	err = arch_kernel_map_page(virt, page_to_phys(page));
	err |= arch_kernel_map_page(virt, 0);
	return refused == -ENOMEM ? err : -EINVAL;
}

/*
 * Far from all stacks there are no tables: first those of two levels are missing, then, next to it,
 * that of the last. Without memory for them nothing is mapped. The tables stay, so each run takes
 * another place.
 */
TEST(kmap, no_memory, "without memory for a table no page is mapped, and with it one is")
{
	static unsigned long virt = KSTACK_AREA_BASE + KSTACK_AREA_SIZE / 2;
	struct page *page = page_alloc(0, PAGE_KERNEL, 0);

	if (!page)
		panic("no memory for the test");
	EXPECT_EQ(t, map_short_of_memory(virt, page), 0);
	EXPECT_EQ(t, map_short_of_memory(virt + PMD_SIZE, page), 0);
	virt += PUD_SIZE;
	page_put(page);
	check_tables();
	EXPECT_EQ(t, wrong, 0);
}
#endif
