/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer as a program: draws sequences from seeds, runs each in a child process, and cuts one
 * that fails down to what is needed. `make fuzz` in the root.
 *
 *     fuzz [--seed N] [--seeds N] [--steps N] [--tries N] [--bug NAME]
 *
 * Seeds rise from --seed; --seeds 0 goes on until one fails. --tries limits the children that may
 * be used for cutting down. With --bug it is a failure if nothing fails: the fuzzer would miss that
 * defect. Odd seeds have no allocations that fail, so that VMAs can be expected to merge whenever
 * they could. Status 0, 1 for a failure, 2 for wrong usage.
 */
#include "tests/host/fuzz.h"
#include "lab/bug.h"
#include "tests/host/child.h"

#define MAX_STEPS 1000000UL
#define LIMIT_S 600

unsigned long strtoul(const char *text, char **end, int base);
void exit(int status) __noreturn;
int fflush(void *stream);

static struct fuzz_op *ops;
static unsigned long nr_ops;
static struct {
	unsigned long seed, seeds, steps, tries;
	const char *bug;
} options = { .seed = 1, .seeds = 1, .steps = 20000, .tries = 400 };
static char output[16384];

static void run_child(void *arg)
{
	fuzz_boot();
	if (options.bug && bug_set_list(options.bug))
		exit(2);
	fuzz_run(ops, nr_ops, arg != NULL);
}

static int run_ops(bool verbose)
{
	*fuzz_progress = 0;
	return child_run(run_child, verbose ? &nr_ops : NULL, LIMIT_S, output, sizeof(output));
}

/* Whether the sequence without [@at, @at + @n) fails as well; it is shortened then. */
static bool fails_without(unsigned long at, unsigned long n)
{
	static struct fuzz_op kept[MAX_STEPS];
	unsigned long before = nr_ops;

	memcpy(kept, ops, before * sizeof(*ops));
	memmove(ops + at, ops + at + n, (nr_ops - at - n) * sizeof(*ops));
	nr_ops -= n;
	if (run_ops(false)) {
		nr_ops = min(nr_ops, max(*fuzz_progress, 1UL));
		return true;
	}
	memcpy(ops, kept, before * sizeof(*ops));
	nr_ops = before;
	return false;
}

/* A. Zeller, "Yesterday, my program worked. Today, it does not. Why?" (1999), the simple half. */
static void minimise(void)
{
	unsigned long tries = 0;

	for (unsigned long n = max(nr_ops / 2, 1UL); n; n /= 2)
		for (unsigned long at = 0; at + n <= nr_ops && n < nr_ops && tries < options.tries;
		     tries++)
			if (!fails_without(at, n))
				at += n;
}

static void report(void)
{
	nr_ops = min(nr_ops, max(*fuzz_progress, 1UL));
	printf("# seed %lu fails at step %lu; cutting it down\n", options.seed, nr_ops);
	minimise();
	run_ops(true);
	printf("# it takes %lu of them:\n%s\n", nr_ops, output);
	printf("# repeat: make fuzz SEED=%lu STEPS=%lu%s%s\n", options.seed, options.steps,
	       options.bug ? " BUG=" : "", options.bug ? options.bug : "");
}

static int run_seed(void)
{
	u64 state = options.seed * 0x9e3779b97f4a7c15ULL + 1;
	int status;

	nr_ops = options.steps;
	for (unsigned long i = 0; i < nr_ops; i++) {
		ops[i] = fuzz_draw(&state);
		if (options.seed % 2)
			ops[i].fail = 0;
	}
	status = run_ops(false);
	if (status == 2) {
		printf("%s", output);
		exit(2);
	}
	return status;
}

static void usage(const char *problem, const char *word)
{
	printf("fuzz: %s %s\n"
	       "usage: fuzz [--seed N] [--seeds N] [--steps N] [--tries N] [--bug NAME]\n",
	       problem, word);
	exit(2);
}

static void parse_number(const char *text, unsigned long *value)
{
	char *end;

	*value = text ? strtoul(text, &end, 0) : 0;
	if (!text || end == text || *end)
		usage("not a number:", text ? text : "");
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--seed"))
			parse_number(value, &options.seed);
		else if (!strcmp(argv[i], "--seeds"))
			parse_number(value, &options.seeds);
		else if (!strcmp(argv[i], "--steps"))
			parse_number(value, &options.steps);
		else if (!strcmp(argv[i], "--tries"))
			parse_number(value, &options.tries);
		else if (!strcmp(argv[i], "--bug") && value)
			options.bug = value;
		else
			usage("unknown word", argv[i]);
	}
	if (!options.steps || options.steps > MAX_STEPS)
		usage("steps must be 1 to 1000000", "");
}

int main(int argc, char **argv)
{
	unsigned long first;

	parse(argc, argv);
	ops = calloc(options.steps, sizeof(*ops));
	fuzz_progress = child_shared(sizeof(*fuzz_progress));
	first = options.seed;
	for (unsigned long n = 0; !options.seeds || n < options.seeds; n++, options.seed++) {
		int status = run_seed();

		if (status) {
			report();
			if (options.bug)
				printf("ok - the fuzzer finds %s\n", options.bug);
			return options.bug == NULL;
		}
		printf("# seed %lu: %lu steps agree with the model\n", options.seed, nr_ops);
		fflush(NULL);
	}
	printf("%sok - %lu steps of each seed from %lu to %lu%s%s\n", options.bug ? "not " : "",
	       options.steps, first, options.seed - 1,
	       options.bug ? ": nothing fails with bug " : "", options.bug ? options.bug : "");
	return options.bug != NULL;
}
