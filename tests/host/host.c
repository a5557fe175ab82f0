/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel under parts of it that are tested on the host: see host.h.
 */
#include "host.h"
#include "kernel/boot.h"
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/spinlock.h"
#include "lab/bug.h"
#include "lab/shadow.h"
#include "lab/sync.h"

#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANON_NORESERVE 0x4022

void *mmap(void *addr, size_t len, int prot, int flags, int fd, long offset);
void exit(int status) __noreturn;
int fflush(void *stream);
int pthread_create(unsigned long *thread, const void *attr, void *(*func)(void *), void *arg);
int pthread_join(unsigned long thread, void **value);
int sched_yield(void);

struct cpu *cpus[NR_CPUS];
unsigned int nr_cpus;
struct boot_info boot_info;
unsigned long bad_signs;
__thread struct cpu *host_cpu;
char *host_ram;
int host_panic_status;
struct bug_switch bug_switches[NR_BUGS];

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
u64 host_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

void host_ram_init(u64 bytes)
{
	host_ram = mmap(NULL, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANON_NORESERVE, -1, 0);
	if (host_ram == (void *)-1) {
		printf("Bail out! no address space\n");
		exit(1);
	}
}

void host_set_cpu(unsigned int id)
{
	if (!cpus[id]) {
		cpus[id] = calloc(1, sizeof(struct cpu));
		cpus[id]->id = id;
		cpus[id]->arch.self = cpus[id];
	}
	nr_cpus = max(nr_cpus, id + 1);
	host_cpu = cpus[id];
}

static void panic_arrive(int status) __noreturn;
static void panic_arrive(int status)
{
	host_panic_status = status;
	if (panic_expected)
		__builtin_longjmp(panic_jump, 1);
	printf("Bail out! %s\n", panic_message);
	exit(1);
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

struct cpu_thread {
	unsigned long handle;
	unsigned int id;
	void *(*func)(void *);
};

static void *cpu_thread_main(void *arg)
{
	struct cpu_thread *thread = arg;

	host_cpu = cpus[thread->id];
	return thread->func(NULL);
}

void host_run_cpus(unsigned int n, void *(*func)(void *))
{
	struct cpu_thread threads[NR_CPUS];

	for (unsigned int i = 0; i < n; i++) {
		threads[i].id = i;
		threads[i].func = func;
		if (pthread_create(&threads[i].handle, NULL, cpu_thread_main, &threads[i]))
			panic("pthread_create");
	}
	for (unsigned int i = 0; i < n; i++)
		pthread_join(threads[i].handle, NULL);
}

void spin_lock_wait(struct spinlock *lock)
{
	while (!spin_try_word(lock))
		sched_yield();
}

void spin_lock_wait_irqsave(struct spinlock *lock, unsigned long flags)
{
	(void)flags;
	spin_lock_wait(lock);
}

bool spin_lock_wait_breakable(struct spinlock *lock)
{
	spin_lock_wait(lock);
	return true;
}

void spin_wake_one(struct spinlock *lock)
{
	panic("nobody sleeps for %s", lock->name);
}

void spin_forget_held(struct spinlock *lock)
{
	panic("%s is not the lock taken last", lock->name);
}

u32 hook_listeners;

void hook_lock_slow(enum hook_event event, enum hook_kind kind, const void *lock)
{
	(void)event, (void)kind, (void)lock;
}

/* A test of its own schedule brings its own. */
__attribute__((weak)) bool sync_active;

__attribute__((weak)) void sync_reach(enum sync_point point)
{
	(void)point;
}

bool bug_hit(enum bug_id id)
{
	bug_switches[id].hits++;
	return true;
}

/* No model: it never is on here. */
bool shadow_on;

void shadow_change_begin_slow(struct mm *mm, unsigned long start, unsigned long end,
			      unsigned long access)
{
	(void)mm, (void)start, (void)end, (void)access;
}

void shadow_change_end_slow(struct mm *mm, int err)
{
	(void)mm, (void)err;
}

u64 shadow_zap_begin_slow(struct mm *mm)
{
	(void)mm;
	return 0;
}

void shadow_zap_end_slow(struct mm *mm, unsigned long start, unsigned long end, u64 since)
{
	(void)mm, (void)start, (void)end, (void)since;
}
