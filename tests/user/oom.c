/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `oom --mib N --threads T`: T threads write every page of N MiB of fresh memory and read it back.
 * With --kernel a system call writes to each page first, so that memory runs out within a call.
 *
 * Without --mib that is more than any machine has: the kernel must end the process with SIGKILL
 * when memory runs out, once, with other threads in the middle of faults, and have all of it back
 * afterwards (INV-8, INV-14). Only then it is not to be run on Linux, which may
 * choose another victim. An N that fits must simply go through. Status 1 means that memory beyond
 * all measure was given, or that a page changed.
 */
#include <sys/utsname.h>
#include "tests/user/util.h"

#define MIB (1UL << 20)
#define CHUNK (4 * MIB)

struct oom {
	unsigned long mib;
	bool kernel;
	atomic_ulong next; /* the chunk that is written next */
	char *memory;
};

static void write_chunks(struct worker *worker)
{
	struct oom *oom = worker->arg;
	unsigned long chunk, pages = CHUNK / page_size();

	while ((chunk = atomic_fetch_add(&oom->next, 1)) < oom->mib * MIB / CHUNK)
		for (unsigned long i = 0; i < pages; i++) {
			volatile uint64_t *word = page_word(oom->memory, chunk * pages + i);

			if (oom->kernel)
				check(!uname((struct utsname *)word), "uname: %s", strerror(errno));
			*word = chunk * pages + i + 1;
		}
}

static int oom_main(int argc, char **argv)
{
	static struct oom oom;
	unsigned long threads = 1;
	const struct user_option options[] = {
		{"mib", OPTION_NUMBER, &oom.mib}, {"threads", OPTION_NUMBER, &threads},
		{"kernel", OPTION_FLAG, &oom.kernel}, {0}};
	bool fits;

	parse_options(argc, argv, options);
	fits = oom.mib;
	if (!fits)
		oom.mib = 4 * 1024 * 1024;
	oom.mib = (oom.mib + CHUNK / MIB - 1) & ~(CHUNK / MIB - 1);
	oom.memory = map_pages(oom.mib * MIB, PROT_READ | PROT_WRITE);
	workers_join(workers_start((unsigned int)threads, 0, write_chunks, &oom),
		     (unsigned int)threads);
	check(fits, "4 TiB were written");
	for (unsigned long i = 0; i < oom.mib * MIB / page_size(); i++)
		check(*page_word(oom.memory, i) == i + 1, "page %lu lost its value", i);
	return 0;
}

USER_PROGRAM("oom", oom_main, "writes more memory than there is, and is killed; --mib N fits");
