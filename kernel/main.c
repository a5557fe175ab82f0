/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the machine's hand-over to the exit value.
 *
 * kernel_main brings up what one CPU needs, in the order in which the parts need each other, and
 * becomes CPU 0's idle thread; main_thread brings up the other CPUs and does what the command line
 * asks for. Errors in the command line are found before anything runs.
 */
#include "kernel/boot.h"
#include "arch/boot.h"
#include "arch/console.h"
#include "arch/power.h"
#include "arch/time.h"
#include "arch/tlb.h"
#include "kernel/cmdline.h"
#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/exit.h"
#include "kernel/initrd.h"
#include "kernel/process.h"
#include "kernel/run.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "lab/bug.h"
#include "lab/lockdep.h"
#include "lab/mutant.h"
#include "lab/perturb.h"
#include "lab/quarantine.h"
#include "lab/probe.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "lab/trace.h"
#include "lab/watchdog.h"
#include "mm/gather.h"
#include "mm/ptl.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/tlb.h"

#define EXEC_MAX_ARGS 64

void control_print(const char *fmt, ...)
{
	static u32 busy;
	unsigned int tries = 0;
	unsigned long flags;
	char buf[160];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (!cmdline.split_channels) {
		printk("control: %s", buf);
		return;
	}
	/* Lines of several CPUs do not mix; who holds it may be stuck, so not for ever. */
	flags = irq_save();
	while (cmpxchg(&busy, 0, 1) && ++tries < 100000)
		cpu_relax();
	arch_console_write(CONSOLE_CONTROL, buf, min((size_t)len, sizeof(buf) - 1));
	smp_store_release(&busy, 0);
	irq_restore(flags);
}

static int apply_backends(void)
{
	if (!strcmp(cmdline.flush, "tlbie") && ARCH_TLB_BROADCAST) {
		tlb_flush_mode = TLB_FLUSH_TLBIE;
	} else if (cmdline.flush[0] && strcmp(cmdline.flush, "ipi")) {
		printk("error: flush=%s: ipi, or tlbie where the machine has it", cmdline.flush);
		return -EINVAL;
	}
	if (!strcmp(cmdline.free, "rcu")) {
		pgtable_free_mode = PGTABLE_FREE_RCU;
	} else if (cmdline.free[0] && strcmp(cmdline.free, "ipi")) {
		printk("error: free=%s: ipi or rcu", cmdline.free);
		return -EINVAL;
	}
	return 0;
}

/* The words that name things of the instruments; the rest was checked by cmdline_parse. */
static int apply_cmdline(void)
{
	if (!ptl_policy_find(cmdline.ptl)) {
		printk("error: ptl=%s: no such policy", cmdline.ptl);
		return -EINVAL;
	}
	if (apply_backends())
		return -EINVAL;
#if LAB
	if (cmdline.watchdog_s >= cmdline.limit_s) {
		printk("error: watchdog=%lu: must be less than limit=%lu",
		       (unsigned long)cmdline.watchdog_s, (unsigned long)cmdline.limit_s);
		return -EINVAL;
	}
	perturb_init(cmdline.seed, cmdline.mode == MODE_REPLAY && !tests_explore());
	if (bug_set_list(cmdline.bug) || sync_arm(cmdline.sched) || trace_start(cmdline.trace))
		return -EINVAL;
	if (shadow_enable(cmdline.shadow))
		printk("shadow: no memory for the history, faults are not checked");
#else
	if (cmdline.bug[0] || cmdline.sched[0] || cmdline.trace[0] || cmdline.shadow ||
	    cmdline.probes || cmdline.explore[0] || cmdline.preempt[0] || cmdline.watchdog_given) {
		printk("error: bug=, sched=, trace=, shadow=, probes=, explore=, preempt= and "
		       "watchdog= need LAB=1 at the build");
		return -EINVAL;
	}
	if (cmdline.lockdep == LOCKDEP_MODE_ON || cmdline.lockdep == LOCKDEP_MODE_GRAPH) {
		printk("error: lockdep= needs a kernel built with LAB=1");
		return -EINVAL;
	}
#endif
	return 0;
}

/* The accelerator's trial: how fast is ring 0? A hundredth of a second tells. */
static int run_probe(void)
{
	u64 start = time_ns(), loops = 0, elapsed;

	do {
		for (volatile unsigned int i = 0; i < 1000; i++)
			;
		loops += 1000;
		elapsed = time_ns() - start;
	} while (elapsed < 10 * NSEC_PER_MSEC);
	control_print("probe_loops_per_s=%lu\n", (unsigned long)(loops * NSEC_PER_SEC / elapsed));
	return EXIT_PASS;
}

static int run_list(void)
{
	if (!strcmp(cmdline.list, "tests"))
		return tests_list();
	if (!strcmp(cmdline.list, "policies")) {
		ptl_policies_print();
		return EXIT_PASS;
	}
#if LAB
	if (!strcmp(cmdline.list, "points")) {
		sync_print_list();
		return EXIT_PASS;
	}
	if (!strcmp(cmdline.list, "bugs")) {
		bug_print_list();
		return EXIT_PASS;
	}
	if (!strcmp(cmdline.list, "probes")) {
		probe_print_list();
		return EXIT_PASS;
	}
#endif
	printk("error: list=%s: tests, points, bugs, policies or probes", cmdline.list);
	return EXIT_USAGE;
}

/* The zero-separated words of @file become @argv; at least the program's name. */
static void exec_arguments(const char **argv)
{
	struct initrd_file file;
	unsigned int argc = 0;

	argv[argc++] = cmdline.exec;
	if (!initrd_find("etc/exec-args", &file)) {
		const char *text = file.data;

		argc = 0;
		for (size_t i = 0; i < file.size && argc < EXEC_MAX_ARGS - 1;
		     i += strnlen(text + i, file.size - i) + 1)
			argv[argc++] = text + i;
	}
	argv[argc] = NULL;
}

static int run_exec(void)
{
	const char *argv[EXEC_MAX_ARGS];
	struct process_spec spec = {
		.path = cmdline.exec,
		.argv = argv,
		.fault_path = cmdline.fault,
	};
	struct process_result result;
	struct process *process;

	exec_arguments(argv);
	process = process_spawn(&spec);
	if (IS_ERR(process)) {
		printk("error: exec=%s: %s", cmdline.exec,
		       PTR_ERR(process) == -ENOENT    ? "no such file in the initrd"
		       : PTR_ERR(process) == -ENOEXEC ? "not a static ELF program for this machine"
						      : "not enough memory");
		return EXIT_USAGE;
	}
	process_wait(process, &result, U64_MAX);
	if (result.signal)
		control_print("exec_signal=%d\n", result.signal);
	else
		control_print("exec_status=%d\n", result.exit_status);
	syscall_print_unknown();
	return result.signal || result.exit_status ? EXIT_FAIL : EXIT_PASS;
}

static int run_boot(void)
{
	if (cmdline.probe)
		return run_probe();
#if LAB
	if (cmdline.probes)
		probe_ask_all();
#endif
	if (cmdline.list[0])
		return run_list();
	if (cmdline.show[0])
		return tests_show(cmdline.show);
	if (cmdline.exec[0])
		return run_exec();
	return tests_run();
}

static void main_thread(void *arg)
{
	int status = EXIT_USAGE;

	(void)arg;
	if (cmdline.lockdep != LOCKDEP_MODE_OFF)
		lockdep_start();
	smp_boot();
	arch_late_init();
	watchdog_init();
	control_print("booted_cpus=%u\n", cpumask_weight(&cpus_online));
	control_print("boot_ns=%lu\n", (unsigned long)time_ns());
	if (initrd_init() < 0)
		panic("the initrd is not a cpio archive (newc)");
	if (!apply_cmdline())
		status = run_boot();
	if (cmdline.lockdep == LOCKDEP_MODE_GRAPH)
		lockdep_print_graph();
#if LAB
	if (perturb_on)
		control_print("schedule_hash=0x%016lx\n", (unsigned long)perturb_hash());
#endif
	trace_dump("the run is over");
	arch_exit(status);
}

void kernel_main(void)
{
	struct thread *thread;

	if (cmdline_parse(boot_info.cmdline))
		arch_exit(EXIT_USAGE);
	if (mutant_set(cmdline.mutant)) {
		printk("error: mutant=%s: no such mutant in this image", cmdline.mutant);
		arch_exit(EXIT_USAGE);
	}
	cpus_init();
	arch_cpu_init(cpus[0]);
	page_alloc_init();
#if LAB
	page_checks = cmdline.pagealloc;
#endif
	arch_mmu_init(cmdline.pagealloc == PAGE_CHECKS_DEBUG);
	if (cmdline.pagealloc == PAGE_CHECKS_DEBUG)
		quarantine_init(cmdline.quarantine);
	slab_init();
	if (page_alloc_init_cpu(cpus[0]))
		panic("no memory for the boot CPU");
	arch_time_init();
	sched_init_boot();
	mm_subsystem_init();
	process_subsystem_init();
	thread = thread_create("main", main_thread, NULL, 0);
	if (IS_ERR(thread))
		panic("no memory for the main thread");
	thread_start(thread);
	idle_loop();
}
