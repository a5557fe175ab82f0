# SPDX-License-Identifier: GPL-2.0-only
"""The table of what `make check`, `make smoke` and their like run.

Add a boot by adding a line here; check.py only works through the table.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One boot of the image."""
    smp: int
    mode: str = "interleaved"
    machine: str = "microvm"
    cpu: str = ""
    globs: tuple = ()
    extra: tuple = ()       # further options of run-qemu.sh
    seed: int = 1

    @property
    def name(self):
        parts = [f"smp{self.smp}", self.mode, self.machine]
        parts += [self.cpu] if self.cpu else []
        parts += [f"seed{self.seed}"] if self.seed != 1 else []
        return " ".join(parts + list(self.globs))

    def options(self):
        line = ["--smp", str(self.smp), "--mode", self.mode, "--machine", self.machine,
                "--seed", str(self.seed)]
        line += ["--cpu", self.cpu] if self.cpu else []
        return line + list(self.extra) + list(self.globs)


KVM_GLOBS = ("user.hello*", "user.threads*", "paths", "tlb", "deadlock", "lookup")

CHECK = (
    [Entry(smp) for smp in (1, 2, 4, 16, 64)]
    + [Entry(smp, "parallel") for smp in (2, 4)]
    + [Entry(4, "replay")]
    + [Entry(smp, "replay", globs=("deadlock",)) for smp in (2, 16, 64)]
    + [Entry(4, cpu="max"), Entry(4, machine="iso"),
       Entry(2, machine="q35"), Entry(2, machine="pc")]
    + [Entry(smp, "kvm", globs=KVM_GLOBS) for smp in (2, 4, 16)]
    + [Entry(64, "parallel", globs=("deadlock.*",))]
)

SMOKE = [
    Entry(4),
    Entry(2, "parallel"),
    Entry(4, "replay", globs=("deadlock.*",)),
    Entry(64, globs=("deadlock.*",)),
]

DEADLOCK_100 = [Entry(4, "replay", globs=("deadlock.*",), seed=seed) for seed in range(1, 101)]

REPLAY_CHECK = [Entry(4, "replay", globs=("storm.*",), seed=seed) for seed in range(1, 11)]

RUN = Entry(64, "auto")
