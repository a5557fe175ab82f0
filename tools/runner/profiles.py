# SPDX-License-Identifier: GPL-2.0-only
"""The table of what `make check`, `make smoke` and their like run.

Add a boot by adding a line here; check.py only works through the table.
"""

from dataclasses import dataclass

from . import machine
from .common import build_dir

X86, PPC = "x86_64", "ppc64le"
MACHINES = {X86: "microvm", PPC: "pseries"}


@dataclass(frozen=True)
class Entry:
    """One boot of the image."""
    smp: int
    mode: str = "interleaved"
    machine: str = ""       # the architecture's usual one if empty
    cpu: str = ""
    globs: tuple = ()
    extra: tuple = ()       # further options of run-qemu.sh
    seed: int = 1
    bug: str = ""           # a defect that is switched on: the run must fail because of it
    arch: str = X86
    program: tuple = ()     # for --exec: its name in the build directory, and its arguments
    status: int = 0         # what the program must end with
    dies: tuple = ()        # the kernel must die, and its console hold these texts
    explore: str = ""       # so many schedules, or all; with a bug one of them must find it
    pages: str = ""         # size of base pages, the architecture's usual one if empty

    @property
    def image(self):
        """The name of the kernel that boots."""
        return machine.get(self.arch, self.pages).image

    @property
    def name(self):
        parts = [self.arch, f"smp{self.smp}", self.mode, self.machine or MACHINES[self.arch]]
        parts += [f"{self.pages} pages"] if self.pages else []
        parts += [self.cpu] if self.cpu else []
        parts += [f"seed{self.seed}"] if self.seed != 1 else []
        parts += [f"must fail with {self.bug}:"] if self.bug else []
        parts += ["must die:"] if self.dies else []
        parts += [f"explore {self.explore}"] if self.explore else []
        parts += [*self.extra[1:], *self.program] if self.program else []
        parts += [self.extra[1]] if "--append" in self.extra else []
        return " ".join(parts + list(self.globs))

    def options(self):
        line = ["--arch", self.arch, "--smp", str(self.smp), "--mode", self.mode,
                "--machine", self.machine or MACHINES[self.arch], "--seed", str(self.seed)]
        line += ["--page-size", self.pages] if self.pages else []
        line += ["--cpu", self.cpu] if self.cpu else []
        line += ["--bug", self.bug] if self.bug else []
        line += ["--explore", self.explore] if self.explore else []
        line += ["--until-fail"] if self.explore and self.bug else []
        line += [*self.extra, *self.globs]
        if self.program:
            line += ["--exec", str(build_dir(self.image) / self.program[0]), *self.program[1:]]
        return line


def execs(arch, program, smp, arguments, status=0):
    """A program under both fault paths."""
    return [Entry(smp, extra=("--fault", path), arch=arch, status=status,
                  program=(program, *arguments.split())) for path in ("classic", "spf")]


# A musl program, both paths, shootdown, the deadlock pairs: some KVMs emulate the kernel, slowly.
# A KVM that emulates the kernel has time for what is asked of it, and not for instruments.
BARE = ("--append", "lockdep=off pagealloc=plain", "--label", "bare")
KVM_EXTRA = ("--timeout", "120", *BARE)
KVM_GLOBS = ("user.hello*", "paths", "tlb.every*", "deadlock")
KVM_GLOBS_16 = ("user.hello*", "tlb.every*", "deadlock.*_spin", "deadlock.*_abort")

# What another machine or CPU model could do otherwise.
MACHINE_GLOBS = ("boot", "user", "tlb", "paths", "deadlock", "watchdog.all_stuck")

# What flushes or frees, or is about who does.
BACK_END_GLOBS = ("deadlock", "lookup", "paths", "tables", "tlb", "torture", "storm", "user")

# Freed pages unmapped and held back, so that a use after free traps.
DEBUG = ("--append", "pagealloc=debug", "--label", "pagealloc")
DEBUG_GLOBS = ("user", "paths", "lookup", "tables", "torture", "storm", "quarantine")

# Where many CPUs free and use again.
STORM_GLOBS = ("storm", "torture", "tables", "quarantine", "lockdep")

# The watchdog must see a deadlock by itself.
NO_LOCKDEP = ("--append", "lockdep=off", "--label", "nolockdep")

# Every instrument at once; lockdep is on in any case.
ALL = ("--append", "trace=all shadow=on pagealloc=debug", "--label", "all")

# A defect and the tests that must catch it. This is the one table of killers: `make check` runs it
# as it stands, `make mutants` for both architectures (docs/mutants.md). An entry of one serves for
# the other too, unless that has entries of its own or stands in UNDECIDED.
RED = [
    Entry(4, globs=("srcu",), bug="srcu_free_at_once"),
    Entry(4, globs=("torture",), bug="srcu_one_flip"),
    Entry(4, globs=("torture",), bug="srcu_locks_first"),
    *(Entry(2, globs=("torture.barrier_of_taken",), bug="srcu_barrier_early", arch=arch)
      for arch in (X86, PPC)),
    Entry(4, globs=("shadow.finds_a_kept*",), bug="protect_keeps_ptes"),
    Entry(2, globs=("order",), bug="srcu_reader_no_mb"),
    Entry(2, globs=("order",), bug="srcu_gp_no_mb"),
    Entry(2, globs=("order",), bug="seq_begin_no_wmb"),
    Entry(2, globs=("order",), bug="seq_end_no_wmb"),
    # Barriers of page tables, each against the one test that is about it.
    *(Entry(2, globs=("order." + test,), bug=bug, arch=arch) for arch in (X86, PPC)
      for bug, test in (("tlb_flush_no_mb", "flush_reads_mask"),
                        ("mm_switch_no_mb", "load_sets_mask"),
                        ("tlb_ask_no_mb", "request_is_complete"),
                        ("tlb_halt_no_mb", "sleep_is_seen"),
                        ("tlb_answer_no_mb", "answer_is_seen"),
                        ("ipi_count_no_mb", "interrupt_is_counted"),
                        ("pte_set_no_release", "first_touch"),
                        ("table_set_no_release", "first_touch"),
                        ("anon_vma_no_release", "first_touch"),
                        ("unlock_no_release", "ptl_shows_section"),
                        ("tlb_wait_no_mb", "answers_come_first"),
                        ("seq_read_no_rmb", "seqcount_reader"),
                        ("seq_retry_no_rmb", "seqcount_reader"))),
    Entry(2, globs=("order.broadcast_comes_after",), bug="tlbie_no_sync", arch=PPC),
    Entry(2, globs=("lookup",), bug="skip_dead_mark"),
    Entry(2, globs=("lookup",), bug="skip_bounds_check"),
    Entry(4, globs=("paths",), bug="skip_anon_vma_check"),
    Entry(2, globs=("lookup",), bug="rb_loop_on_rotate"),
    Entry(2, globs=("lookup",), bug="skip_seq_recheck"),
    Entry(4, globs=("tlb",), bug="skip_shootdown"),
    Entry(2, globs=("probe",), bug="probe_fresh"),
    Entry(4, globs=("storm",), bug="ptl_spin_irqs_off", extra=NO_LOCKDEP),
    Entry(2, globs=("lockdep.ptl_try*",), bug="ptl_spin_irqs_off"),
    Entry(2, globs=("lockdep.i_mmap_patch_05",), bug="rmap_locks_p04"),
    Entry(2, globs=("user.holes*",), bug="alloc_in_section"),
    Entry(1, globs=("boot",), bug="lockdep_no_room"),
    Entry(4, globs=("lock",), bug="rwsem_last_first"),
    Entry(4, globs=("lock",), bug="rwsem_last_first", arch=PPC),
    # Found by the watchdog: the defect is counted in its report, the wait's limit ends the run.
    *(Entry(4, globs=("lock",), bug="rwsem_no_handover", extra=("--append", "limit=6"), arch=arch)
      for arch in (X86, PPC)),
    # The watchdog's own judgement: starved is not hung, and who is overtaken is starved.
    Entry(2, globs=("watchdog.starved_is*",), bug="hung_by_age"),
    Entry(2, globs=("watchdog.starved",), bug="overtaking_unseen", extra=("--append", "limit=6")),
    Entry(4, globs=("storm",), bug="tlb_ack_lost", extra=("--append", "limit=6")),
    Entry(4, globs=("storm",), bug="tlb_ack_lost", extra=("--append", "limit=6"), arch=PPC),
    Entry(4, globs=("srcu",), bug="srcu_free_at_once", arch=PPC),
    Entry(2, globs=("lookup",), bug="skip_dead_mark", arch=PPC),
    Entry(4, globs=("tlb",), bug="skip_shootdown", arch=PPC),
    Entry(4, globs=("storm",), bug="ptl_spin_irqs_off", extra=NO_LOCKDEP, arch=PPC),
    Entry(2, globs=("user.mmapcalls*",), bug="merge_any_flags"),
    Entry(2, globs=("user.mmapcalls*",), bug="skip_gap_update"),
    Entry(2, globs=("user.mmapcalls*",), bug="skip_protect_flush"),
    Entry(2, globs=("shadow.programs*",), bug="skip_protect_flush"),
    Entry(2, globs=("tables",), bug="tables_free_at_once", arch=PPC),
    Entry(2, globs=("lockdep.ptl_try*",), bug="ptl_spin_irqs_off", arch=PPC),
    Entry(2, globs=("lockdep.i_mmap_patch_05",), bug="rmap_locks_p04", arch=PPC),
    Entry(2, globs=("user.holes*",), bug="alloc_in_section", arch=PPC),
    Entry(1, globs=("boot",), bug="lockdep_no_room", arch=PPC),
    Entry(2, globs=("tables",), bug="tables_free_at_once"),
    Entry(2, globs=("tables",), bug="tables_free_at_once", extra=DEBUG),
    Entry(2, globs=("tables",), bug="tables_free_at_once", extra=DEBUG, arch=PPC),
    # Defects of page-table reclaim under one schedule, and at random: but for the one that forgets
    # a single CPU, which a flood meets often and not always.
    *(Entry(2, globs=("tables",), bug=bug, arch=arch) for arch in (X86, PPC)
      for bug in ("walk_irqs_on", "shootdown_one_short", "tables_gp_at_once",
                  "tables_gp_skips_cpu")),
    *(Entry(4, globs=("torture.tables*",), bug=bug, arch=arch) for arch in (X86, PPC)
      for bug in ("tables_free_at_once", "shootdown_one_short", "tables_gp_at_once")),
    Entry(2, globs=("tables",), bug="tables_no_sync", arch=PPC),
    Entry(4, globs=("torture.tables*",), bug="tables_no_sync", arch=PPC),
    Entry(2, globs=("quarantine.vma_control",), bug="srcu_free_at_once", extra=DEBUG),
    Entry(2, globs=("quarantine.table_reuse_control",), bug="skip_table_check"),
    Entry(2, globs=("quarantine.page_written_control",), bug="skip_shootdown"),
]

# Switches that are no defects: with them the tests must be green, and reach them (`make mutants`).
HARMLESS = [
    Entry(2, globs=("user.holes*",), bug="rmap_locks"),
    Entry(2, globs=("watchdog.starved_is_inconclusive",), bug="nmi_unanswered"),
]


@dataclass(frozen=True)
class Undecided:
    """A defect that an architecture cannot show, and the boot that proves that it cannot."""
    bug: str
    arch: str
    why: str
    probe: Entry
    code: int       # how the probe must end
    says: str       # and what its output must hold


UNDECIDED = [
    Undecided(bug, X86, "there is no broadcast invalidation",
              Entry(1, globs=("boot",), extra=("--append", "flush=tlbie")),
              code=2, says="tlbie where the machine has it")
    for bug in ("tables_no_sync", "tlbie_no_sync")
]

# Deaths of the kernel, and what must stand in the report.
DEATHS = {
    "death.null": ("write of 0000000000000008, near NULL", "panic: page fault in the kernel at "
                   "death_write_null+", " tests_run+"),
    "death.text": ("the kernel image", "not permitted", "panic: page fault in the kernel at "
                   "death_write_text+", " tests_run+"),
    "death.panic": ("panic: as the test wants it", " death_call_panic+", " test_death_panic+",
                    " tests_run+"),
    "death.overflow": (" stack overflow", " death_recurse+"),
    "death.overflow_in_report": ("by the report of: page fault in the kernel at "
                                 "death_write_null+", " death_near_the_end+"),
}
# Named behind another, for one that ends the run is taken wherever in the list it stands.
DIES = [Entry(2, globs=("ledger", name), dies=texts, arch=arch) for arch in (X86, PPC)
        for name, texts in DEATHS.items()]
DIES += [Entry(2, globs=(name,), dies=texts, arch=PPC, pages="64k")
         for name, texts in DEATHS.items() if "overflow" in name]

# A defect that an exploration finds, told nothing of where it is and with no order forced, within
# so many schedules; and the list that it finds must repeat in a fresh boot. Then all schedules with
# up to two preemptions of the same scenario, of which none may fail.
EXPLORE = [entry for arch in (X86, PPC) for entry in (
    Entry(2, "replay", globs=("explore.zap_spf",), bug="ptl_spin_irqs_off", explore="100",
          arch=arch),
    Entry(2, "replay", globs=("explore.zap_spf",), explore="all", arch=arch))]

# Programs linked with glibc, by --exec. On ppc64le `utest` is one; on x86_64 it is of musl.
EXEC = (
    [entry for smp in (1, 4, 64) for entry in execs(PPC, "utest", smp, "threads 8")]
    + [entry for arguments in ("threads 8", "alloc", "hello")
       for entry in execs(X86, "utest-glibc", 4, arguments)]
    + execs(X86, "utest-glibc", 64, "threads 8")
    + execs(PPC, "utest", 4, "exit 7", status=7)
    + execs(X86, "utest-glibc", 4, "exit 7", status=7)
)

# What runs on the host: name, command, and a tool without which it is skipped. First, in turn,
# what others look at.
BUILDS = [
    ("builds without instruments", ["make", "-s", "LAB=0"], None),
    ("builds without instruments, ppc64le", ["make", "-s", "LAB=0", "ARCH=ppc64le"],
     "powerpc64le-linux-gnu-gcc"),
]

COMMANDS = [
    ("lint", ["python3", "tools/lint.py", "build/x86_64", "build/x86_64-nolab",
              "build/ppc64le-nolab"], None),
    ("builds with clang", ["make", "-s", "CC=clang"], "clang"),
    ("builds with clang, ppc64le", ["make", "-s", "CC=clang", "ARCH=ppc64le"], "clang"),
    ("kernel parts under sanitizers", ["make", "-s", "-C", "tests/host"], None),
    ("mm under the thread sanitizer", ["make", "-s", "-C", "tests/host", "SAN=thread",
                                       "run-mm_threads", "run-page_alloc", "run-slab"], None),
    ("models of the protocols", ["python3", "tests/models/run.py"], "spin"),
    ("programs on Linux, the oracle", ["python3", "tests/host/user_oracle.py"], None),
    ("cost of sync points", ["python3", "tools/sync_cost.py", "build/x86_64", "build/ppc64le"],
     None),
    ("orders and lists in real boots", ["python3", "tests/host/sched_boot.py"], None),
    ("traces of real boots", ["python3", "tests/host/trace_boot.py"], None),
    ("guests that the host starves", ["python3", "tests/host/starve_boot.py"], None),
    ("the runner's own tests", ["python3", "-m", "unittest", "discover", "-s",
                                "tests/host/runner"], None),
    ("mutants' own tests", ["python3", "-m", "unittest", "discover", "-s",
                             "tests/host/mutants"], None),
    ("a sample of made mutants", ["python3", "tools/mutants", "sample"], None),
    ("device trees, read as dtc reads them", ["python3", "tests/host/test_fdt.py"], "dtc"),
    ("a policy of one's own, as its page says", ["python3", "tests/host/test_policy_doc.py"],
     "qemu-system-x86_64"),
    ("lint's own tests", ["python3", "tests/host/test_lint.py"], None),
]

CHECK = (
    [Entry(smp) for smp in (1, 2, 4, 16, 64)]
    + [Entry(smp, "parallel") for smp in (2, 4)]
    + [Entry(4, "replay")]
    + [Entry(smp, "replay", globs=("deadlock",)) for smp in (2, 16, 64)]
    + [Entry(4, cpu="max", globs=MACHINE_GLOBS), Entry(4, machine="iso", globs=MACHINE_GLOBS)]
    + [Entry(2, machine=machine, globs=MACHINE_GLOBS) for machine in ("q35", "pc")]
    + [Entry(smp, "kvm", globs=KVM_GLOBS, extra=KVM_EXTRA) for smp in (2, 4)]
    + [Entry(4, "kvm", globs=("watchdog",), extra=KVM_EXTRA)]
    + [Entry(16, "kvm", globs=KVM_GLOBS_16, extra=KVM_EXTRA)]
    + [Entry(64, "parallel", globs=("deadlock",))]
    # More CPUs than a word has bits.
    + [Entry(96, globs=("storm", "tlb", "deadlock"))]
    + [Entry(96, globs=("storm", "tlb", "deadlock"), arch=PPC, extra=("--mem", "512"))]
    # More RAM than the map holds that the boot code makes; all that ppc64le's process table serves.
    + [Entry(4, globs=("boot", "kmap"), extra=("--mem", "5120"), arch=arch) for arch in (X86, PPC)]
    + [Entry(4, globs=("boot", "user.hello*"), extra=("--mem", "16384"), arch=PPC)]
    + [Entry(smp, arch=PPC) for smp in (1, 2, 4, 16, 64)]
    + [Entry(2, "parallel", arch=PPC), Entry(4, "parallel", globs=("deadlock",), arch=PPC)]
    + [Entry(4, "replay", arch=PPC)]
    + [Entry(smp, arch=PPC, pages="64k") for smp in (1, 4, 16)]
    + [Entry(2, "parallel", arch=PPC, pages="64k"),
       Entry(4, "replay", globs=("deadlock",), arch=PPC, pages="64k"),
       Entry(4, globs=BACK_END_GLOBS, arch=PPC, pages="64k",
             extra=("--append", "flush=tlbie free=rcu", "--label", "tlbie-rcu"))]
    + [Entry(smp, "replay", globs=("deadlock",), arch=PPC) for smp in (2, 16, 64)]
    + [Entry(4, globs=BACK_END_GLOBS, extra=("--append", "free=rcu", "--label", "rcu"), arch=arch)
       for arch in (X86, PPC)]
    + [Entry(4, globs=BACK_END_GLOBS, extra=("--append", "flush=tlbie", "--label", "tlbie"),
             arch=PPC),
       Entry(4, globs=BACK_END_GLOBS,
             extra=("--append", "flush=tlbie free=rcu", "--label", "tlbie-rcu"), arch=PPC)]
    + [Entry(64, globs=STORM_GLOBS, extra=DEBUG, arch=PPC)]
    # All instruments at once, and without those that cost most.
    + [Entry(4, extra=ALL, arch=arch) for arch in (X86, PPC)]
    + [Entry(64, globs=STORM_GLOBS, extra=ALL),
       Entry(4, globs=DEBUG_GLOBS, extra=ALL, arch=PPC, pages="64k")]
    + [Entry(4, globs=BACK_END_GLOBS, extra=BARE, arch=arch) for arch in (X86, PPC)]
    + RED
    + EXPLORE
    + DIES
    + EXEC
)

SMOKE = [
    Entry(4),
    Entry(2, "parallel"),
    Entry(4, "replay", globs=("deadlock",)),
    Entry(64, globs=("deadlock",)),
    Entry(4, arch=PPC),
    Entry(4, "replay", globs=("deadlock",), arch=PPC),
]

DEADLOCK_100 = [Entry(4, "replay", globs=("deadlock",), seed=seed, arch=arch)
                for arch in (X86, PPC) for seed in range(1, 101)]

REPLAY_CHECK = [Entry(4, "replay", globs=("storm",), seed=seed, arch=arch)
                for arch in (X86, PPC) for seed in range(1, 11)]

RUN = {arch: Entry(64, "auto", arch=arch) for arch in MACHINES}
