#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Has spin look at every state of the models in this folder, and judges what it says.

    tests/models/run.py [MODEL ...]        names without .pml; all by default

A model as it stands must hold in every state. Each of its variants that is broken on purpose must
be refuted, in the way that is expected: a model that could not fail would prove nothing. And every
line of a model that holds must have been reached. Prints TAP. Exit status 0, 1 if a verdict is
wrong, 2 for an unknown name, 77 if spin is not installed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOLDS, ASSERTION, DEADLOCK = "holds", "assertion violated", "invalid end state"
LIMIT_S = 300

# model, words for the preprocessor, what must come of it, what it shows
RUNS = [
    ("srcu", "", HOLDS, "two flips, unlocks summed before locks"),
    ("srcu", "ONE_FLIP", ASSERTION, "one flip misses who read the index early"),
    ("srcu", "LOCKS_FIRST", ASSERTION, "locks summed before unlocks miss who stays"),
    ("srcu", "NO_BARRIER", ASSERTION, "a reader that looks before it is counted in"),
    ("srcu", "NO_WAIT", ASSERTION, "no grace period at all"),
    ("ptl_deadlock", "", HOLDS, "policy abort: one try with interrupts off"),
    ("ptl_deadlock", "LOOP", HOLDS, "policy loop: interrupts open between tries"),
    ("ptl_deadlock", "SPIN", DEADLOCK, "policy spin: waits with interrupts off"),
    ("ptl_deadlock", "FLUSH_CLOSED", DEADLOCK, "two flush at once, interrupts off"),
    ("tables", "", HOLDS, "tables go after every CPU has taken an interrupt"),
    ("tables", "FREE_AT_ONCE", ASSERTION, "tables go without waiting for walkers"),
    ("tables", "WALK_OPEN", ASSERTION, "a walk with interrupts on"),
    ("tables", "NO_REVALIDATE", ASSERTION, "no second look after interrupts were on"),
    ("tables", "NO_RECHECK", ASSERTION, "no look at vm_sequence under the PTL"),
    ("tables", "LATE_SECTION", ASSERTION, "vm_sequence opened after the zap"),
    ("barriers", "", HOLDS, "the sequence count on a weak machine"),
    ("barriers", "NO_WMB", ASSERTION, "without write barriers"),
    ("barriers", "NO_WMB TSO", HOLDS, "without write barriers, but on TSO"),
    ("barriers", "NO_RMB", ASSERTION, "without read barriers"),
    ("barriers", "MASK", HOLDS, "flush against load, on a weak machine"),
    ("barriers", "MASK TSO NO_MB", ASSERTION, "flush against load without barriers, on TSO"),
]


def explore(model, words):
    """What the exhaustive search prints."""
    with tempfile.TemporaryDirectory() as place:
        def call(*command):
            done = subprocess.run(command, cwd=place, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
            return done.stdout if done.returncode == 0 else f"{command[0]} failed:\n{done.stdout}"
        text = call("spin", "-a", *(f"-D{word}" for word in words.split()),
                    str(HERE / f"{model}.pml"))
        text += call("gcc", "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c")
        return text + call("./pan", "-m100000")


def judge(text, expected):
    """(what came of it, why that is wrong or nothing)."""
    found = re.search(r"State-vector .*errors: (\d+)", text)
    states = re.search(r"([\d.e+]+) states, stored", text)
    if not found or not states or "search depth too small" in text or "out of memory" in text:
        return "no verdict", text
    said = f"{int(float(states.group(1)))} states"
    if found.group(1) == "0":
        unreached = [line for line in text.splitlines()
                     if re.match(r"\s+\S+:\d+, state \d+", line) and '"-end-"' not in line]
        if expected != HOLDS:
            return f"holds in {said}", f"expected: {expected}"
        return f"holds in {said}", "never reached:\n" + "\n".join(unreached) if unreached else ""
    error = re.search(r"pan:\d+: (.*?) \(at depth (\d+)\)", text)
    what = error.group(1) if error else "an error"
    wrong = "" if what.startswith(expected) else f"expected: {expected}\n{text}"
    return f"refuted after {error.group(2) if error else '?'} steps: {what}", wrong


def run_one(entry):
    model, words, expected, what = entry
    result, wrong = judge(explore(model, words), expected)
    name = " ".join([model, *words.split()])
    return not wrong, f"{name}: {what}: {result}", wrong


def main(argv):
    known = {entry[0] for entry in RUNS}
    unknown = [name for name in argv if name not in known]
    if unknown:
        print(f"run.py: no model {unknown[0]}; there are {', '.join(sorted(known))}",
              file=sys.stderr)
        return 2
    missing = [tool for tool in ("spin", "gcc") if not shutil.which(tool)]
    if missing:
        print(f"1..0 # SKIP {missing[0]} is not installed; get it with: make deps")
        return 77
    chosen = [entry for entry in RUNS if not argv or entry[0] in argv]
    good = True
    print(f"1..{len(chosen)}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        for number, (ok, line, wrong) in enumerate(pool.map(run_one, chosen), 1):
            print(f"{'ok' if ok else 'not ok'} {number} - {line}", flush=True)
            for detail in wrong.splitlines():
                print(f"# {detail}")
            good &= ok
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
