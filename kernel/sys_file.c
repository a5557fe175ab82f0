/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls on files. There are none but the three standard descriptors: 0 is at its end, what
 * is written to 1 and 2 goes to kernel/console_out.c.
 *
 * Owns nothing but the bits of process->open_fds, changed atomically.
 *
 * Source: read(2), write(2), readv(2), open(2), close(2), ioctl(2).
 */
#include "kernel/console_out.h"
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/slab.h"
#include "arch/layout.h"
#include "arch/uaccess.h"

#define FD_STDIN 0
#define FD_STDOUT 1
#define IOV_MAX 1024
#define IOV_ON_STACK 8
#define WRITE_MAX (64UL << 10) /* in one call; more is written in part, which write(2) allows */
#define WRITE_ON_STACK 256
#define PATH_LEN 256

struct iovec {
	u64 base;
	u64 len;
};

static bool fd_is_open(unsigned long fd)
{
	return process_fd_is_open(current->process, (u32)fd); /* 32 bits, as on Linux */
}

static bool range_ok(u64 addr, u64 len)
{
	return len <= USER_TOP && addr <= USER_TOP - len;
}

/*
 * Copies @count vectors from user mode and checks them. They lie in @fast if they are few. Returns
 * them, or ERR_PTR: -EINVAL, -EFAULT, -ENOMEM.
 */
static struct iovec *iov_import(unsigned long uaddr, unsigned long count, struct iovec *fast)
{
	struct iovec *iov = fast;
	long err = 0;

	if (count > IOV_MAX)
		return ERR_PTR(-EINVAL);
	if (count > IOV_ON_STACK)
		iov = kmalloc(count * sizeof(*iov));
	if (!iov)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(iov, (void *)uaddr, count * sizeof(*iov)))
		err = -EFAULT;
	for (unsigned long i = 0; i < count && !err; i++) {
		if ((s64)iov[i].len < 0)
			err = -EINVAL;
		else if (!range_ok(iov[i].base, iov[i].len))
			err = -EFAULT;
	}
	if (err && iov != fast)
		kfree(iov);
	return err ? ERR_PTR(err) : iov;
}

/* Gathers what @iov names, up to @size bytes, in @buf. The number of bytes, or -EFAULT. */
static long iov_gather(const struct iovec *iov, unsigned long count, char *buf, size_t size)
{
	size_t len = 0;

	for (unsigned long i = 0; i < count && len < size; i++) {
		size_t n = min((size_t)iov[i].len, size - len);

		if (copy_from_user(buf + len, (void *)iov[i].base, n))
			return len ? (long)len : -EFAULT;
		len += n;
	}
	return (long)len;
}

static size_t iov_total(const struct iovec *iov, unsigned long count)
{
	size_t total = 0;

	for (unsigned long i = 0; i < count; i++)
		total += iov[i].len;
	return total;
}

static long write_iov(unsigned long fd, const struct iovec *iov, unsigned long count)
{
	size_t size = min(iov_total(iov, count), WRITE_MAX);
	char fast[WRITE_ON_STACK], *buf = fast;
	struct process *process = current->process;
	long len;

	if (size > sizeof(fast))
		buf = kmalloc(size);
	if (!buf)
		return -ENOMEM;
	len = iov_gather(iov, count, buf, size);
	if (len > 0 && !process->quiet)
		console_out_write(&process->out, (u32)fd == FD_STDOUT ? OUT_STDOUT : OUT_STDERR,
				  buf, (size_t)len);
	if (buf != fast)
		kfree(buf);
	return len;
}

static bool fd_is_output(unsigned long fd)
{
	return fd_is_open(fd) && (u32)fd != FD_STDIN;
}

static bool fd_is_input(unsigned long fd)
{
	return fd_is_open(fd) && (u32)fd == FD_STDIN;
}

long sys_read(const unsigned long args[6])
{
	return fd_is_input(args[0]) ? 0 : -EBADF;
}

long sys_readv(const unsigned long args[6])
{
	struct iovec fast[IOV_ON_STACK], *iov;

	if (!fd_is_input(args[0]))
		return -EBADF;
	iov = iov_import(args[1], args[2], fast);
	if (IS_ERR(iov))
		return PTR_ERR(iov);
	if (iov != fast)
		kfree(iov);
	return 0;
}

long sys_write(const unsigned long args[6])
{
	struct iovec iov = { .base = args[1], .len = args[2] };

	if (!fd_is_output(args[0]))
		return -EBADF;
	if ((s64)iov.len < 0)
		return -EINVAL;
	if (!range_ok(iov.base, iov.len))
		return -EFAULT;
	return write_iov(args[0], &iov, 1);
}

long sys_writev(const unsigned long args[6])
{
	struct iovec fast[IOV_ON_STACK], *iov;
	long ret;

	if (!fd_is_output(args[0]))
		return -EBADF;
	iov = iov_import(args[1], args[2], fast);
	if (IS_ERR(iov))
		return PTR_ERR(iov);
	ret = write_iov(args[0], iov, args[2]);
	if (iov != fast)
		kfree(iov);
	return ret;
}

/* No file can be opened; a path that cannot be read is still an error of its own. */
long sys_open(const unsigned long args[6])
{
	char path[PATH_LEN];

	if (strncpy_from_user(path, (void *)args[0], sizeof(path)) == -EFAULT)
		return -EFAULT;
	return -ENOENT;
}

long sys_close(const unsigned long args[6])
{
	u32 bit;

	if (!fd_is_open(args[0]))
		return -EBADF;
	bit = 1U << (u32)args[0];
	if (!(__atomic_fetch_and(&current->process->open_fds, ~bit, __ATOMIC_SEQ_CST) & bit))
		return -EBADF; /* another thread was faster */
	return 0;
}

long sys_ioctl(const unsigned long args[6])
{
	return fd_is_open(args[0]) ? -ENOTTY : -EBADF;
}
