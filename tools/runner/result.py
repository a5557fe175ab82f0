# SPDX-License-Identifier: GPL-2.0-only
"""Everything that is known of a run when it has ended."""

from dataclasses import dataclass

from .ktap import Parser
from .machine import Setup
from .probe import Choice
from .trace_read import Trace
from .verdict import Ended, Verdict


@dataclass
class Result:
    setup: Setup
    choice: Choice
    seed: int
    repeat: str             # the command that does it again
    qemu_version: str
    label: str              # tells runs of one profile apart in JUnit
    stamp: str
    report: Parser
    control: dict
    console: list
    ended: Ended
    verdict: Verdict = None
    trace: Trace = None     # nothing was traced

    @property
    def dir(self):
        return self.setup.dir

    @property
    def seconds(self):
        return self.ended.seconds
