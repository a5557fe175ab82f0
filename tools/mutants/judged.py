# SPDX-License-Identifier: GPL-2.0-only
"""The judgements on mutants that no test kills, in tests/mutants/judged.txt.

One or more names of mutants, a line each, then an indented line with the verdict on them and why:

    mm/gather.c: gather_begin: drop: tlb->nr = 0
        equivalent: the caller's memory is zero
"""

import re

from runner.common import ROOT, Error

FILE = ROOT / "tests" / "mutants" / "judged.txt"
EQUIVALENT, HOLE = "equivalent", "hole"
VERDICT = re.compile(r"(equivalent|hole): (\S.*)$")


def parse(text):
    """Name -> (verdict, why)."""
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
            raise Error(f"judged.txt:{number}: a verdict is '    equivalent: why' or "
                        "'    hole: why', below the mutants it is for")
        found.update(dict.fromkeys(waiting, match.groups()))
        waiting = []
    if waiting:
        raise Error(f"judged.txt: no verdict on {waiting[0]}")
    return found


def load():
    return parse(FILE.read_text()) if FILE.is_file() else {}
