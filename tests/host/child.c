/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Child processes, with the C library's headers: see tests/host/child.h.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/child.h"

static void read_all(int fd, char *output, size_t size)
{
	char rest[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, len + 1 < size ? output + len : rest,
			 len + 1 < size ? size - len - 1 : sizeof(rest))) > 0)
		if (len + 1 < size)
			len += (size_t)n;
	output[len] = 0;
}

int child_run(void (*func)(void *arg), void *arg, unsigned int limit_s, char *output, size_t size)
{
	int fds[2], status;
	pid_t pid;

	fflush(NULL);
	if (pipe(fds) || (pid = fork()) < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		alarm(limit_s);
		func(arg);
		exit(0);
	}
	close(fds[1]);
	read_all(fds[0], output, size);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void *child_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return memory;
}
