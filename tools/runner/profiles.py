# SPDX-License-Identifier: GPL-2.0-only
"""The table of what `make check`, `make smoke` and their like run.

Add a boot by adding a line here; check.py only works through the table.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Entry:
    """One boot of the image."""
    smp: int
    mode: str = "interleaved"
    machine: str = ""       # the architecture's default
    cpu: str = ""
    globs: tuple = ()
    extra: tuple = ()       # further options of run-qemu.sh
    seed: int = 1
    arch: str = ""          # that of --arch
    bug: str = ""           # a defect that is switched on: the run must fail because of it

    @property
    def name(self):
        parts = [f"smp{self.smp}", self.mode]
        parts += [part for part in (self.arch, self.machine) if part]
        parts += [self.cpu] if self.cpu else []
        parts += [f"seed{self.seed}"] if self.seed != 1 else []
        parts += [f"must fail with {self.bug}:"] if self.bug else []
        return " ".join(parts + list(self.globs))

    def options(self):
        line = ["--smp", str(self.smp), "--mode", self.mode, "--seed", str(self.seed)]
        line += ["--machine", self.machine] if self.machine else []
        line += ["--cpu", self.cpu] if self.cpu else []
        line += ["--bug", self.bug] if self.bug else []
        return line + list(self.extra) + list(self.globs)


# A musl program, both paths, shootdown, the deadlock pairs: some KVMs emulate the kernel, slowly.
KVM_GLOBS = ("user.hello*", "paths", "tlb.every*", "deadlock")
KVM_GLOBS_16 = ("user.hello*", "tlb.every*", "deadlock.*_spin", "deadlock.*_abort")

# A defect and the tests that must catch it.
RED = [
    Entry(4, globs=("srcu",), bug="srcu_free_at_once"),
    Entry(2, globs=("lookup",), bug="skip_dead_mark"),
    Entry(2, globs=("lookup",), bug="skip_bounds_check"),
    Entry(2, globs=("lookup",), bug="rb_loop_on_rotate"),
    Entry(2, globs=("lookup",), bug="skip_seq_recheck"),
    Entry(4, globs=("tlb",), bug="skip_shootdown"),
    Entry(4, globs=("storm",), bug="ptl_spin_irqs_off"),
]

# What runs on the host: name, command, and a tool without which it is skipped.
COMMANDS = [
    ("lint", ["python3", "tools/lint.py", "build/x86_64", "build/x86_64-nolab"], None),
    ("builds without instruments", ["make", "-s", "ARCH=x86_64", "LAB=0"], None),
    ("ppc64le builds without instruments", ["make", "-s", "ARCH=ppc64le", "LAB=0"],
     "powerpc64le-linux-gnu-gcc"),
    ("builds with clang", ["make", "-s", "ARCH=x86_64", "CC=clang"], "clang"),
    ("kernel parts under sanitizers", ["make", "-s", "-C", "tests/host"], None),
    ("programs on Linux, the oracle", ["python3", "tests/host/user_oracle.py"], None),
    ("the runner's own tests", ["python3", "-m", "unittest", "discover", "-s",
                                "tests/host/runner"], None),
    ("device trees, read as dtc reads them", ["python3", "tests/host/test_fdt.py"], "dtc"),
    ("lint's own tests", ["python3", "tests/host/test_lint.py"], None),
]

# The second architecture, where its emulator and compiler are installed.
PPC64LE = [replace(entry, arch="ppc64le") for entry in (
    [Entry(smp) for smp in (1, 4, 64)]
    + [Entry(smp, "parallel") for smp in (2, 4)]
    + [Entry(4, "replay")]
    + [Entry(smp, "replay", globs=("deadlock",)) for smp in (16, 64)]
    + RED
)]

CHECK = (
    [Entry(smp) for smp in (1, 2, 4, 16, 64)]
    + [Entry(smp, "parallel") for smp in (2, 4)]
    + [Entry(4, "replay")]
    + [Entry(smp, "replay", globs=("deadlock",)) for smp in (2, 16, 64)]
    + [Entry(4, cpu="max"), Entry(4, machine="iso"),
       Entry(2, machine="q35"), Entry(2, machine="pc")]
    + [Entry(smp, "kvm", globs=KVM_GLOBS, extra=("--timeout", "120")) for smp in (2, 4)]
    + [Entry(16, "kvm", globs=KVM_GLOBS_16, extra=("--timeout", "120"))]
    + [Entry(64, "parallel", globs=("deadlock",))]
    + RED
    + PPC64LE
)

SMOKE = [
    Entry(4),
    Entry(2, "parallel"),
    Entry(4, "replay", globs=("deadlock",)),
    Entry(64, globs=("deadlock",)),
]

DEADLOCK_100 = [Entry(4, "replay", globs=("deadlock",), seed=seed) for seed in range(1, 101)]

REPLAY_CHECK = [Entry(4, "replay", globs=("storm",), seed=seed) for seed in range(1, 11)]

RUN = Entry(64, "auto")
