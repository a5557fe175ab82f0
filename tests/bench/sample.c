/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of samples. They are kept until all are taken: printing between them would disturb.
 */
#include "tests/bench/sample.h"

#define MAX_ROWS 24

static struct row rows[MAX_ROWS];
static unsigned int nr_rows;

struct row *new_row(const char *name, uint64_t divisor)
{
	struct row *row = &rows[nr_rows++];

	check(nr_rows <= MAX_ROWS, "more than %d rows", MAX_ROWS);
	row->name = name;
	row->divisor = divisor;
	return row;
}

static int compare_samples(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static void sort_row(struct row *row)
{
	qsort(row->samples, SAMPLES, sizeof(row->samples[0]), compare_samples);
}

static uint64_t measure_overhead(void)
{
	struct row empty;

	SAMPLE(&empty, (void)0, (void)0);
	sort_row(&empty);
	return empty.samples[SAMPLES / 2];
}

static unsigned long long cost_of(const struct row *row, unsigned int sample, uint64_t overhead)
{
	uint64_t cost = row->samples[sample];

	cost = cost > overhead ? cost - overhead : 0;
	return (cost + row->divisor / 2) / row->divisor;
}

void print_rows(void)
{
	uint64_t overhead = measure_overhead();

	for (unsigned int i = 0; i < nr_rows; i++) {
		sort_row(&rows[i]);
		printf("%s %llu %llu\n", rows[i].name, cost_of(&rows[i], SAMPLES / 2, overhead),
		       cost_of(&rows[i], 0, overhead));
	}
}
