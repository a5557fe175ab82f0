# SPDX-License-Identifier: GPL-2.0-only
"""Notices a guest of which every CPU is stuck with interrupts off, and sends it an NMI.

A guest that is stuck so cannot notice it itself, unless its machine has a timer that sends NMIs.
From outside it says nothing and burns processor time, which busy guests do too; so its CPUs'
registers are looked at some times, and only if interrupts were off on all CPUs every time does it
get an NMI, on which its watchdog reports.
"""

import glob
import os
import re
import time

from .qmp import Qmp

SILENCE = (2.0, 0.5)    # seconds of wall time, and of QEMU's processor time, without a word
EVERY = (0.25, 0.1)     # the same between two looks at the registers
SAMPLES = 6
PATIENCE = 2            # times its limit a run may go on longer on a busy host
AGAIN = (20.0, 2.0)     # an NMI that nested in another would hurt


def cpu_seconds(pid):
    """Processor time of a process so far; None where that cannot be known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def starved_seconds(pid):
    """How long the host let the process' most neglected thread wait for a processor, so far; 0
    where the host does not say."""
    longest = 0
    for file in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(file, "rb") as text:
                longest = max(longest, int(text.read().split()[1]))
        except (OSError, ValueError, IndexError):
            pass
    return longest / 1e9


def lost_seconds(pid, limit):
    """Seconds of the process' life that do not count, since the host ran something else."""
    return min(starved_seconds(pid), PATIENCE * limit)


def all_off(registers, flags):
    """Whether, in QEMU's `info registers -a`, no CPU takes interrupts; @flags is the pattern of
    the register with the bit, and the bit."""
    values = re.findall(flags[0], registers)
    return bool(values) and not any(int(value, 16) & flags[1] for value in values)


class Watch:
    """`look` is called some times a second."""

    def __init__(self, setup):
        self.setup, self.samples, self.due = setup, 0, None

    def look(self, pid, heard):
        """Whether an NMI was sent."""
        processor = cpu_seconds(pid)
        if not self.setup.qmp or self.setup.mode == "replay" or processor is None:
            return False
        now = (time.monotonic(), processor)
        if heard or self.due is None:
            self.samples = 0
            self._wait(now, SILENCE)
        if now[0] < self.due[0] or now[1] < self.due[1]:
            return False
        try:
            return self._sample(now)
        except (OSError, ValueError):
            self._wait(now, SILENCE)
            return False

    def _wait(self, now, times):
        self.due = (now[0] + times[0], now[1] + times[1])

    def _sample(self, now):
        qmp = Qmp(self.setup.qmp)
        try:
            answer = qmp.ask("human-monitor-command", **{"command-line": "info registers -a"})
            off = all_off(str(answer.get("return", "")), self.setup.arch.irq_flags)
            self.samples = self.samples + 1 if off else 0
            self._wait(now, EVERY if off else SILENCE)
            if self.samples < SAMPLES:
                return False
            self.samples = 0
            self._wait(now, AGAIN)
            return "return" in qmp.ask("inject-nmi")
        finally:
            qmp.close()
