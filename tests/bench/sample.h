/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of samples in cycles(), of which the median and the minimum are printed.
 */
#pragma once

#include "tests/user/util.h"

#define SAMPLES 31

struct row {
	const char *name;
	uint64_t divisor; /* operations in a sample */
	uint64_t samples[SAMPLES];
};

/* A row that print_rows will print. */
struct row *new_row(const char *name, uint64_t divisor);
/* Prints `name median min` for each row, for one operation, less what an empty sample costs. */
void print_rows(void);

/* Samples @statement SAMPLES times into @target, with @before done unmeasured each time. */
#define SAMPLE(target, before, statement)                                                          \
	do {                                                                                       \
		struct row *row_ = (target);                                                       \
		for (unsigned int s_ = 0; s_ < SAMPLES; s_++) {                                    \
			uint64_t start_;                                                           \
			before;                                                                    \
			start_ = cycles();                                                         \
			statement;                                                                 \
			row_->samples[s_] = cycles() - start_;                                     \
		}                                                                                  \
	} while (0)
