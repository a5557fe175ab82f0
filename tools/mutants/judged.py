# SPDX-License-Identifier: GPL-2.0-only
"""The judgements on mutants that no test kills, in tests/mutants/judged.txt.

One or more names of mutants, a line each, then an indented line with the verdict on them and why:

    mm/gather.c: gather_begin: drop: tlb->nr = 0
        equivalent: the caller's memory is zero

A verdict that holds for one architecture only begins with its name: `x86_64: equivalent: ...`.
"""

import re

from runner.common import ROOT, Error
from runner.kill import UNDECIDED

FILE = ROOT / "tests" / "mutants" / "judged.txt"
# Nothing differs; it is only slower, or oftener; the tests should notice and do not; or, UNDECIDED,
# the machine as QEMU makes it cannot show it.
EQUIVALENT, PERFORMANCE, HOLE = "equivalent", "performance", "hole"
VERDICT = re.compile(r"(?:(x86_64|ppc64le): )?"
                     rf"(equivalent|performance|hole|{UNDECIDED}): (\S.*)$")


def parse(text, arch=None):
    """Name -> (verdict, why), as far as they hold for @arch."""
    found, waiting = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            if line in found or line in waiting:
                raise Error(f"judged.txt:{number}: judged twice: {line}")
            waiting.append(line)
            continue
        match = VERDICT.match(line.strip())
        if not match or not waiting:
            raise Error(f"judged.txt:{number}: a verdict is '    equivalent: why', 'performance', "
                        f"'hole' or '{UNDECIDED}', below the mutants it is for")
        if match.group(1) in (None, arch):
            found.update(dict.fromkeys(waiting, match.groups()[1:]))
        waiting = []
    if waiting:
        raise Error(f"judged.txt: no verdict on {waiting[0]}")
    return found


def load(arch):
    return parse(FILE.read_text(), arch) if FILE.is_file() else {}
