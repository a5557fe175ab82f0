/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel under parts of it that are tested on the host: see host.h.
 */
#include "tests/host/host.h"
#include "arch/host/os.h"
#include "kernel/boot.h"
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/run.h"
#include "lab/explore.h"
#include "lab/freed.h"
#include "lab/lockdep.h"
#include "lab/quarantine.h"
#include "lab/watchdog.h"

int fflush(void *stream);
int vprintf(const char *fmt, va_list ap);

struct boot_info boot_info;
unsigned long bad_signs;
int host_panic_status;
bool host_panic_aborts;

static unsigned int nr_tests, nr_failed;
static bool test_failed;
static u64 random_state = 88172645463325252ULL;
static void *panic_jump[5];
static bool panic_expected;
static char panic_message[256];

void host_run(const char *name, void (*test)(void))
{
	test_failed = false;
	test();
	nr_tests++;
	nr_failed += test_failed;
	printf("%s %u - %s\n", test_failed ? "not ok" : "ok", nr_tests, name);
	fflush(NULL);
}

int host_done(void)
{
	printf("1..%u\n", nr_tests);
	return nr_failed != 0;
}

void host_check(bool ok, const char *file, int line, const char *what)
{
	if (ok)
		return;
	test_failed = true;
	printf("# %s:%d: %s\n", file, line, what);
}

/* G. Marsaglia, "Xorshift RNGs" (2003). */
u64 host_random_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

u64 host_random(void)
{
	return host_random_next(&random_state);
}

static void panic_arrive(int status) __noreturn;
static void panic_arrive(int status)
{
	host_panic_status = status;
	if (panic_expected)
		__builtin_longjmp(panic_jump, 1);
	printf("Bail out! %s\n", panic_message);
	if (host_panic_aborts)
		os_abort();
	os_exit(1);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_message, sizeof(panic_message), fmt, ap);
	va_end(ap);
	panic_arrive(EXIT_PANIC);
}

void panic_with(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_message, sizeof(panic_message), fmt, ap);
	va_end(ap);
	panic_arrive(status);
}

void warn_report(const char *file, int line, const char *what)
{
	panic("WARN: %s:%d: %s", file, line, what);
}

const char *host_panic_of(void (*func)(void))
{
	if (__builtin_setjmp(panic_jump)) {
		panic_expected = false;
		return panic_message;
	}
	panic_expected = true;
	func();
	panic_expected = false;
	return NULL;
}

/* --- the console --- */
void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

void printk_set_expected(bool expected)
{
	(void)expected;
}

void control_print(const char *fmt, ...)
{
	(void)fmt;
}

/* --- lockdep, which never listens here --- */
void lockdep_event(enum hook_event event, enum hook_kind kind, const void *lock, unsigned long pc)
{
	(void)event, (void)kind, (void)lock, (void)pc;
}

void lockdep_nest(unsigned int subclass)
{
	(void)subclass;
}

void lockdep_check_left(const char *what)
{
	(void)what;
}

/* --- lab/explore.c: no schedule is ever explored here --- */
void explore_open(void)
{
}

void explore_close(void)
{
}

void explore_sync(unsigned int sync_point)
{
	(void)sync_point;
}

void explore_lock(enum hook_event event, enum hook_kind kind, const void *lock)
{
	(void)event, (void)kind, (void)lock;
}

void explore_site(enum perturb_site site)
{
	(void)site;
}

/* --- what lab/watchdog_report.c does, without a list of threads --- */
void watchdog_print_holders(const struct rwsem *sem)
{
	(void)sem;
}

/* --- what lab/freed.c and lab/quarantine.c do, without records --- */
bool quarantine_on;

void freed_record_pages(const struct page *page, unsigned int order)
{
	(void)page, (void)order;
}

void freed_record_object(const char *cache, const void *object, size_t size)
{
	(void)cache, (void)object, (void)size;
}

void freed_print(unsigned long addr)
{
	(void)addr;
}

void freed_report(enum freed_use use, unsigned long addr, const struct trap_frame *regs,
		  const char *fmt, ...)
{
	(void)use, (void)addr, (void)regs;
	panic("use after free: %s", fmt);
}

void quarantine_put(struct page *page, unsigned int order)
{
	(void)page, (void)order;
}

void quarantine_map(struct page *page, unsigned int order)
{
	(void)page, (void)order;
}

void quarantine_flush(void)
{
}

bool quarantine_drain(void)
{
	return false;
}

u64 quarantine_nr_pages(void)
{
	return 0;
}

void quarantine_serve(void)
{
}
