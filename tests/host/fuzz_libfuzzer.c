/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer's steps drawn by libFuzzer, which is guided by the code that they reach:
 * `make fuzz CC=clang`. An input is an array of struct fuzz_op, whose every value is good.
 */
#include "tests/host/fuzz.h"

#define MAX_STEPS 512

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	host_panic_aborts = true;
	fuzz_boot();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz_op ops[MAX_STEPS];
	size_t nr = min(size / sizeof(*ops), (size_t)MAX_STEPS);

	memcpy(ops, data, nr * sizeof(*ops));
	fuzz_run(ops, nr, false);
	return 0;
}
