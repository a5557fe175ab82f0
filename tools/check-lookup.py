#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""For who has changed the lookup (mm/vma_tree.c, mm/vma_walk.h): is it right, what does it cost?

Builds, then on the host the tests of tree and VMAs and the fuzzer, in the kernel the suite lookup
with several numbers of CPUs and once with a defect that it must find, and last the instructions of
the rows that the lookup is part of. Half a minute on two cores, and one table at the end.

Exit status 1 if anything is wrong.
"""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True

import bench  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
HOST = ROOT / "build" / "host" / "address-undefined"
LIMIT_S = 300
ROWS = ("anon_write_single", "zero_read_per_fault", "zero_read_many_vmas", "mmap_munmap_4k")

BUILDS = [["make", "-s"], ["make", "-s", "LAB=0"], ["make", "-s", "-C", "tests/host", "lookup"]]


def boot(smp, *options, mode="interleaved"):
    return ["./run-qemu.sh", "--no-build", "--quiet", "--smp", str(smp), "--mode", mode, *options,
            "lookup"]


# What it is, the command, and what its last line must look like: the status alone is not believed.
TESTS = [
    ("fuzzer against the model", [str(HOST / "fuzz"), "--seeds", "3", "--steps", "3000"],
     r"ok - 3000 steps"),
    ("fuzzer finds a lost gap", [str(HOST / "fuzz"), "--steps", "3000", "--bug",
                                 "skip_gap_update"], r"ok - the fuzzer finds"),
    ("red-black trees", [str(HOST / "rbtree")], r"1\.\.[1-9]"),
    ("VMAs, lockless readers at each step", [str(HOST / "vma")], r"1\.\.[1-9]"),
    ("kernel, 2 CPUs", boot(2), r"[1-9]\d* passed, 0 failed"),
    ("kernel, 4 CPUs", boot(4), r"[1-9]\d* passed, 0 failed"),
    ("kernel, 2 CPUs in parallel", boot(2, mode="parallel"), r"[1-9]\d* passed, 0 failed"),
    ("kernel, 16 CPUs", boot(16), r"[1-9]\d* passed, 0 failed"),
    ("kernel finds a loop", boot(2, "--bug", "rb_loop_on_rotate"), r"\d+ passed, [1-9]\d* failed"),
]


def call(command):
    """(status, output)"""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, f"not done after {LIMIT_S} s"
    return done.returncode, done.stdout


def run_test(test):
    """(name, verdict in a few words or nothing if it is wrong, output, seconds)"""
    name, command, wanted = test
    started = time.monotonic()
    _, text = call(command)
    last = (text.strip().splitlines() or [""])[-1]
    good = re.match(wanted, last)
    if " finds " not in name:
        good = good and not re.search(r"^(?:not ok|Bail out!)", text, re.MULTILINE)
    return name, last if good else "", text, time.monotonic() - started


def costs():
    """Lines of the table, and whether all are within their limits."""
    classic, spf = (bench.exact_rows("x86_64", path) for path in ("classic", "spf"))
    good, lines = True, []
    for name, what, limit, _ in [row for row in bench.EXACT if row[0] in ROWS]:
        text, within = bench.verdict(max(classic[name], spf[name]), limit)
        good &= within
        lines.append(f"  {what:36} classic {classic[name]:5}  spf {spf[name]:5}  {text}")
    return lines, good


def build():
    for command in BUILDS:
        status, text = call(command)
        if status:
            sys.exit(f"check-lookup: {' '.join(command)} failed\n{text}")


def main():
    if len(sys.argv) > 1:
        print(__doc__.strip())
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    os.environ.pop("MAKEFLAGS", None)
    started = time.monotonic()
    build()
    built = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run_test, TESTS))
    lines, cheap = costs()
    for name, verdict, text, _ in results:
        if not verdict:
            print(f"--- {name}:\n{text}")
    print("Is it right?")
    for name, verdict, _, seconds in results:
        print(f"  {'ok    ' if verdict else 'FAILED'} {name:36} {verdict:44.44} {seconds:5.1f} s")
    print("What does it cost? (instructions, without instruments)")
    print("\n".join(lines))
    right = all(verdict for _, verdict, _, _ in results)
    print(f"check-lookup: {'right' if right else 'WRONG'}, "
          f"{'within the limits' if cheap else 'ABOVE A LIMIT'}; {built - started:.0f} s to build, "
          f"{time.monotonic() - built:.0f} s to run")
    return 0 if right and cheap else 1


if __name__ == "__main__":
    sys.exit(main())
