# SPDX-License-Identifier: GPL-2.0-only
"""The kill matrix: every bug switch of lab/bug.h against the tests that must catch it.

The killers stand in tools/runner/profiles.py, RED; what an architecture cannot show, with the boot
that says so, in UNDECIDED. A cell is killed if each of its killers is red for a reason with the
switch, reached, and green without it.
"""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from runner import check, profiles
from runner.common import FAIL, PASS, ROOT, Error, shown
from runner.kill import KILLED, NOT_REACHED, SURVIVED, UNDECIDED, hits_of, judge
from runner.screen import colour

LIST = re.compile(r"#define BUG_LIST\(X\)(.*?[^\\])\n", re.DOTALL)
SWITCH = re.compile(r"\bX\((\w+),")
NO_KILLER, BROKEN, HARMLESS = "no killer", "killer broken", "no defect, green"
GOOD = (KILLED, UNDECIDED, HARMLESS)


def switch_names(text=None):
    """The names in BUG_LIST of lab/bug.h."""
    text = (ROOT / "lab/bug.h").read_text() if text is None else text
    body = LIST.search(text)
    return SWITCH.findall(body.group(1)) if body else []


@dataclass
class Cell:
    """One switch on one architecture."""
    bug: str
    arch: str
    killers: list
    undecided: profiles.Undecided = None
    harmless: bool = False
    verdict: str = NO_KILLER
    notes: list = field(default_factory=list)


def killers_of(bug, arch, red):
    """The table's own for this architecture, else those of the other, moved here."""
    own = [entry for entry in red if entry.bug == bug and entry.arch == arch]
    return own or [replace(entry, arch=arch) for entry in red if entry.bug == bug]


def matrix_of(bugs, arches, red=None, undecided=None, harmless=None):
    red = profiles.RED if red is None else red
    undecided = profiles.UNDECIDED if undecided is None else undecided
    harmless = profiles.HARMLESS if harmless is None else harmless
    cells = []
    for bug in bugs:
        for arch in arches:
            given = [u for u in undecided if (u.bug, u.arch) == (bug, arch)]
            green = killers_of(bug, arch, harmless)
            cells.append(Cell(bug, arch, green or killers_of(bug, arch, red), *given[:1],
                              harmless=bool(green)))
    return cells


def table_problems(bugs, red=None, undecided=None, harmless=None):
    """What is wrong with the tables whatever the tests do, as sentences."""
    red = profiles.RED if red is None else red
    undecided = profiles.UNDECIDED if undecided is None else undecided
    harmless = profiles.HARMLESS if harmless is None else harmless
    for bug in bugs:
        tables = [any(entry.bug == bug for entry in table) for table in (red, harmless)]
        if not any(tables):
            yield f"{bug} has no killer in RED of tools/runner/profiles.py"
        elif all(tables):
            yield f"{bug} stands in RED and in HARMLESS of tools/runner/profiles.py"
    for entry in list(red) + list(undecided) + list(harmless):
        if entry.bug not in bugs:
            yield f"{entry.bug} stands in tools/runner/profiles.py and not in lab/bug.h"
    for entry in undecided:
        if any((other.bug, other.arch) == (entry.bug, entry.arch) for other in red):
            yield f"{entry.bug} on {entry.arch} has a killer and is called not decidable"


class Matrix:
    """Runs the cells; the green run of a killer is done once for all that share it."""

    def __init__(self, driver):
        self.driver = driver
        self.greens = {}
        self.numbers = itertools.count()    # of green runs; two may be on their way at once

    def boot(self, entry, place):
        return self.driver.child(entry.options(), self.driver.dir / place)

    def green(self, entry):
        """Why the killer is not green without the switch, or nothing."""
        key = replace(entry, bug="")
        if key not in self.greens:
            code, _, results = self.boot(key, f"green-{next(self.numbers):03}-{entry.arch}")
            reason = results.get("message") or f"it ended with {code}"
            self.greens[key] = "" if code == PASS else reason
        return self.greens[key]

    def cell(self, cell):
        if cell.undecided:
            self.probe(cell)
        elif cell.killers:
            verdicts = [self.killer(cell, entry, number)
                        for number, entry in enumerate(cell.killers)]
            worst = (BROKEN, NOT_REACHED, SURVIVED, KILLED, HARMLESS)
            cell.verdict = min(verdicts, key=worst.index)
        else:
            cell.notes.append("add an entry to RED in tools/runner/profiles.py")
        return cell

    def killer(self, cell, entry, number):
        code, _, results = self.boot(entry, f"{cell.bug}-{cell.arch}-{number}")
        hits = hits_of(results, cell.bug)
        verdict, why = judge(code, results, hits)
        if cell.harmless and verdict != NOT_REACHED:
            verdict = HARMLESS if verdict == SURVIVED and code == PASS else BROKEN
        if verdict == KILLED and self.green(entry):
            verdict, why = BROKEN, "red without the switch too: " + self.green(entry)
        cell.notes.append(f"{' '.join(entry.globs) or 'all tests'}, {hits} hits: {why}")
        return verdict

    def probe(self, cell):
        probe = cell.undecided
        code, text, _ = self.boot(probe.probe, f"{cell.bug}-{cell.arch}-probe")
        agrees = code == probe.code and probe.says in text
        cell.verdict = UNDECIDED if agrees else BROKEN
        cell.notes.append(f"{probe.why}; the probe ended with {code}"
                          + ("" if agrees else f" and not with {probe.code}: '{probe.says}'"))


def tell(cells, arches):
    """The matrix, then a line for each cell that says what the verdict rests on."""
    width = max([len(cell.bug) for cell in cells] + [10])
    print(f"{'bug switch':<{width}}  " + "  ".join(f"{arch:<18}" for arch in arches))
    for bug in dict.fromkeys(cell.bug for cell in cells):
        row = [cell for cell in cells if cell.bug == bug]
        print(f"{bug:<{width}}  " + "  ".join(
            colour("green" if cell.verdict in GOOD else "red", f"{cell.verdict:<18}")
            for cell in row))
    print()
    for cell in cells:
        for note in cell.notes:
            print(f"{cell.bug}, {cell.arch}: {note}")


def totals(cells):
    words = (KILLED, SURVIVED, NOT_REACHED, UNDECIDED, HARMLESS, NO_KILLER, BROKEN)
    counts = [(sum(cell.verdict == word for cell in cells), word) for word in words]
    return ", ".join(f"{count} {word}" for count, word in counts if count or word in words[:4])


def chosen(args):
    bugs = [bug for bug in switch_names() if fnmatchcase(bug, args.only or "*")]
    if not bugs:
        raise Error(f"--only {args.only}: no bug switch of lab/bug.h matches")
    return bugs


def main(args):
    args.arch_only, args.junit, args.profile = args.arch, None, "mutants"
    args.arch = args.arch or profiles.X86
    bugs = chosen(args)
    problems = list(table_problems(switch_names()))
    arches = [args.arch_only] if args.arch_only else list(profiles.MACHINES)
    cells = matrix_of(bugs, arches)
    table = [profiles.Entry(1, arch=arch) for arch in arches]
    entries, reasons = check.prepared(args, table)
    for entry, reason in reasons.items():
        print(f"skipped: {entry.arch}: {reason}")
    ready = [entry.arch for entry in entries if entry not in reasons]
    cells = [cell for cell in cells if cell.arch in ready]
    driver = check.Driver(args, "mutants")
    run(driver, cells, args.jobs)
    tell(cells, ready)
    for problem in problems:
        print(problem)
    print(f"kept in {shown(driver.dir)}")
    print(totals(cells))
    return PASS if all(cell.verdict in GOOD for cell in cells) and not problems else FAIL


def run(driver, cells, jobs):
    """Some cells at a time; a cell's own boots one after the other."""
    matrix = Matrix(driver)
    pool = ThreadPoolExecutor(jobs)
    try:
        list(pool.map(matrix.cell, cells))
    except BaseException:
        driver.stop()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
