# SPDX-License-Identifier: GPL-2.0-only
"""From the verdicts on mutants and the judgements on survivors to a score and an exit status."""

import platform

from runner.common import FAIL, PASS
from runner.kill import KILLED, NOT_REACHED, SURVIVED, UNDECIDED

from .judged import EQUIVALENT, HOLE, PERFORMANCE

UNJUDGED = "survived, not judged"
COLUMNS = (KILLED, EQUIVALENT, PERFORMANCE, HOLE, UNJUDGED, NOT_REACHED, UNDECIDED)
# Machines whose own order of memory is so strong that a barrier that is missing does not show.
STRONG = ("x86_64", "i686")


def column_of(mutant, result, verdicts, host=None):
    """Where a mutant is counted. A barrier that may go on this host is not decidable here."""
    if result["verdict"] == KILLED:
        return KILLED
    if mutant.operator == "barrier" and (host or platform.machine()) in STRONG:
        return UNDECIDED
    unjudged = NOT_REACHED if result["verdict"] == NOT_REACHED else UNJUDGED
    return verdicts.get(mutant.key, (unjudged, ""))[0]


def table(outcomes, verdicts):
    """Operator -> column -> number, and the sum of all below ''."""
    counts = {}
    for mutant, result in outcomes:
        for row in (mutant.operator, ""):
            column = column_of(mutant, result, verdicts)
            cells = counts.setdefault(row, dict.fromkeys(COLUMNS, 0))
            cells[column] += 1
    return counts


def percent(cells):
    """Killed, of those that some test could kill."""
    could = sum(cells.values()) - cells[EQUIVALENT] - cells[PERFORMANCE] - cells[UNDECIDED]
    return 100 * cells[KILLED] / could if could else 100.0


def tell_table(counts):
    heads = ("killed", "equivalent", "performance", "hole", "unjudged", "not reached", "undecided")
    print(f"{'operator':<10} {'all':>5} " + " ".join(f"{head:>11}" for head in heads)
          + "   score")
    for name in sorted(counts, key=lambda row: (row == "", row)):
        cells = counts[name]
        print(f"{name or 'all':<10} {sum(cells.values()):>5} "
              + " ".join(f"{cells[column]:>11}" for column in COLUMNS)
              + f"  {percent(cells):5.1f}%")


def stale(verdicts, outcomes, mutants, arch):
    """Judgements that have nothing to judge any more: (name, what became of it). Another
    architecture's files are its own run's."""
    names = {mutant.key for mutant in mutants}
    killed = {mutant.key for mutant, result in outcomes if result["verdict"] == KILLED}
    for name in verdicts:
        if name.startswith("arch/") and not name.startswith(f"arch/{arch}/"):
            continue
        if name not in names:
            yield name, "there is no such mutant any more"
        elif name in killed:
            yield name, "it was killed"


def report(outcomes, verdicts, mutants, args):
    listed = {UNJUDGED: [], NOT_REACHED: [], HOLE: []}
    for mutant, result in outcomes:
        column = column_of(mutant, result, verdicts)
        if column in listed:
            listed[column].append((mutant, result))
    print()
    for column in (NOT_REACHED, HOLE, UNJUDGED):
        for mutant, result in listed[column]:
            print(f"{column}: {mutant.key} (line {mutant.line})"
                  + (f"  [{result['why']}]" if result["why"] else ""))
    for name, why in stale(verdicts, outcomes, mutants, args.arch):
        print(f"judged, but {why}: {name}")
    print()
    tell_table(table(outcomes, verdicts))
    executed = sum(result["verdict"] != NOT_REACHED for _, result in outcomes)
    print(f"{len(outcomes)} of {len(mutants)} mutants, {executed} executed, {args.arch}")
    return FAIL if listed[UNJUDGED] else PASS
