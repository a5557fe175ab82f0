# SPDX-License-Identifier: GPL-2.0-only
"""Notices a guest of which every CPU is stuck with interrupts off, and sends it an NMI.

A guest that is stuck so cannot notice it itself, unless its machine has a timer that sends NMIs.
From outside it says nothing and burns processor time, which busy guests do too; so its CPUs'
registers are looked at some times, and only if interrupts were off on all CPUs every time does it
get an NMI, on which its watchdog reports.
"""

import os
import re

from .qmp import Qmp

SILENCE = 2.0       # seconds of QEMU's processor time in which the guest says nothing
EVERY = 0.25        # seconds of it between two looks at the registers
SAMPLES = 6
AGAIN = 20.0        # an NMI that nested in another would hurt


def cpu_seconds(pid):
    """Processor time of a process so far; None where that cannot be known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def all_off(registers, flags):
    """Whether, in QEMU's `info registers -a`, no CPU takes interrupts; @flags is the pattern of
    the register with the bit, and the bit."""
    values = re.findall(flags[0], registers)
    return bool(values) and not any(int(value, 16) & flags[1] for value in values)


class Watch:
    """`look` is called some times a second."""

    def __init__(self, setup):
        self.setup, self.samples, self.next = setup, 0, None

    def look(self, pid, heard):
        """Whether an NMI was sent."""
        now = cpu_seconds(pid)
        if not self.setup.qmp or self.setup.mode == "replay" or now is None:
            return False
        if heard or self.next is None:
            self.samples, self.next = 0, now + SILENCE
        if now < self.next:
            return False
        self.next = now + EVERY
        return self._sample(now)

    def _sample(self, now):
        try:
            qmp = Qmp(self.setup.qmp)
            try:
                answer = qmp.ask("human-monitor-command",
                                 **{"command-line": "info registers -a"})
                off = all_off(str(answer.get("return", "")), self.setup.arch.irq_flags)
                self.samples = self.samples + 1 if off else 0
                if self.samples < SAMPLES:
                    return False
                self.samples, self.next = 0, now + AGAIN
                return "return" in qmp.ask("inject-nmi")
            finally:
                qmp.close()
        except (OSError, ValueError):
            return False
