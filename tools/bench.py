#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""First figures: what a fault costs, and what it costs beside a contender.

Part one is exact: instructions an operation, from replay mode at one CPU, without instruments.
Part two is a rate under parallel TCG at two CPUs: only ratios within the run mean anything.
Linux's figures beside ours were measured under the same QEMU (docs/figures.md says how).

Exit status 1 if a figure is above its limit.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from runner import machine  # noqa: E402

# What replay mode counts with: -cpu, and ticks of cycles() in a second of virtual time.
CPUS = {"x86_64": "qemu64", "ppc64le": "power9"}
TICKS = {"x86_64": 1_000_000_000, "ppc64le": 512_000_000}

# row, what it is, limit, Linux: lowest and highest of the kernels measured
EXACT = [
    ("anon_write_single", "anonymous write fault", 900, "1436 to 1925"),
    ("zero_read_per_fault", "zero-page read fault", 270, "546 to 857"),
    ("zero_read_many_vmas", "the same among 2000 VMAs", 330, ""),
    ("zero_cow_per_fault", "write to the zero page (COW)", None, "1919 to 2236"),
    ("mmap_munmap_4k", "mmap + munmap of a page", 2000, "3129 to 7437"),
    ("mmap_touch_munmap_4k", "mmap + touch + munmap", None, "5972 to 11070"),
    ("mprotect_pair_populated", "mprotect pair, 4 pages", None, "2504 to 5141"),
    ("getppid", "getppid", 120, "211 to 236"),
]
SPECULATIVE_EXTRA = 30
# The limits hold for one compiler; another spills other registers.
LIMITS_OF_GCC, OTHER_COMPILER_EXTRA = "12", 10
# Part three: what instruments cost. Each with its words for the kernel; None: built without them.
INSTRUMENTS = [
    ("LAB=0", None),
    ("all off", "lockdep=off watchdog=off pagealloc=plain"),
    ("defaults", ""),
    ("all on", "lockdep=on pagealloc=debug trace=all shadow=on"),
]
INSTRUMENT_ROWS = [("anon_write_single", "anonymous write fault"),
                   ("zero_read_per_fault", "zero-page read fault"), ("getppid", "getppid")]
# Beside whom, and whether speculation must come near to what it does beside another address space.
# mmap-touch flushes at every operation: what it costs is the interrupts, not a lock.
CONTENDERS = {"mmap": True, "mmap-touch": False, "mprot16m": True}
MIN_RATIO = 0.9


def run(arguments, build=None):
    """The standard output of one guest run; ends the program if it failed."""
    env = dict(os.environ)
    if build:
        env["BUILD"] = build
    command = [os.path.join(ROOT, "run-qemu.sh"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}")
    return done.stdout


def make(*arguments):
    subprocess.run(["make", "-s", *arguments], cwd=ROOT, check=True)


def instructions(arch, ticks):
    """A tick is shorter than an instruction, or one: the nearest whole number is exact."""
    nanoseconds = ticks * 1_000_000_000 / TICKS[arch]
    return round(nanoseconds / 2 ** machine.get(arch).icount_shift)


def exact_rows(arch, path, append=None):
    """Median instructions by row name: without instruments, or with them and words for them."""
    build = f"build/{arch}" + ("-nolab" if append is None else "")
    text = run(["--arch", arch, "--no-build", "--mode", "replay", "--smp", "1",
                "--cpu", CPUS[arch], "--append", append or "",
                "--exec", os.path.join(ROOT, build, "utest"), "ubench", "--path", path],
               build=build)
    rows = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[1].isdigit():
            rows[words[0]] = instructions(arch, int(words[1]))
    return rows


def other_compiler():
    """The major version of gcc if the limits are not its own, or ""."""
    try:
        done = subprocess.run(["gcc", "-dumpversion"], stdout=subprocess.PIPE, text=True)
    except OSError:
        return ""
    version = done.stdout.strip().partition(".")[0]
    return "" if version == LIMITS_OF_GCC else version


def verdict(value, limit):
    if limit is None:
        return "", True
    return (f"<= {limit}", True) if value <= limit else (f"ABOVE {limit}", False)


def print_exact(arch, classic, spf):
    """Limits and the figures of Linux are those of x86_64."""
    print(f"Instructions an operation ({arch}, replay, 1 CPU, {CPUS[arch]}, LAB=0; "
          f"page clear of {classic['page_clear']} included)")
    limits = arch == "x86_64"
    other = other_compiler()
    if limits and other:
        print(f"  limits are for gcc {LIMITS_OF_GCC}; with gcc {other} each is "
              f"{OTHER_COMPILER_EXTRA} higher")
    higher = OTHER_COMPILER_EXTRA if other else 0
    heading = f"  {'limit':12} Linux, same QEMU" if limits else ""
    print(f"  {'operation':32} {'classic':>8} {'spf':>8}{heading}")
    good = True
    for name, what, limit, linux in EXACT:
        text, ok = verdict(max(classic[name], spf[name]),
                           limit + higher if limits and limit else None)
        good &= ok
        beside = f"  {text:12} {linux}" if limits else ""
        print(f"  {what:32} {classic[name]:8} {spf[name]:8}{beside}")
    for name, what in [(row[0], row[1]) for row in EXACT[:2]]:
        extra = spf[name] - classic[name]
        text, ok = verdict(extra, SPECULATIVE_EXTRA + higher if limits else None)
        good &= ok
        print(f"  speculative over classic, {what:24} {extra:+5}  {text}")
    return good


def print_instruments(arch):
    """The cost of what tells more than LAB=0 does; no limits."""
    make(f"ARCH={arch}")
    rows = {(name, path): exact_rows(arch, path, words)
            for name, words in INSTRUMENTS for path in ("classic", "spf")}
    print(f"Instructions an operation, with instruments ({arch}, replay, 1 CPU, {CPUS[arch]})")
    print(f"  {'operation':24} {'path':8}" + "".join(f"{name:>10}" for name, _ in INSTRUMENTS))
    for row, what in INSTRUMENT_ROWS:
        for path in ("classic", "spf"):
            print(f"  {what:24} {path:8}"
                  + "".join(f"{rows[(name, path)][row]:10}" for name, _ in INSTRUMENTS))
    for name, words in INSTRUMENTS[1:]:
        print(f"  {name}: {words or 'no words'}")


def contend_rates():
    """{(path, contender): [faults a second, ...]} and the same for the contenders' operations."""
    run(["--mode", "parallel", "--smp", "2", "--timeout", "240",
         "--append", "pagealloc=plain lockdep=off",
         "bench.contend"])
    faults, ops = {}, {}
    with open(os.path.join(ROOT, "out", "latest", "stdout.log"), encoding="utf-8") as log:
        for line in log:
            words = line.split()
            if words[:1] != ["path"]:
                continue
            row = dict(zip(words[::2], words[1::2]))
            key = (row["path"], row["contender"])
            if row["role"] != row["contender"]:
                faults.setdefault(key, []).append(float(row["faults/s"]))
            if row["role"] == "both":
                ops.setdefault(key, []).append(float(row["contender/s"]))
    return faults, ops


def print_contend(faults, ops):
    print("\nOne faulting thread beside a contender (parallel TCG, 2 CPUs, one boot, median of 3)")
    print(f"  {'contender':12} {'path':8} {'faults/s':>10} {'its ops/s':>10}"
          f" {'same, other mm':>15} {'ratio':>6}")
    good = True
    for contender, limited in CONTENDERS.items():
        for path in ("classic", "spf"):
            beside = statistics.median(faults[(path, contender)])
            apart = statistics.median(faults[(path, "other-" + contender)])
            rate = statistics.median(ops[(path, contender)])
            ratio = beside / apart
            mark = ""
            if path == "spf" and limited and ratio < MIN_RATIO:
                mark, good = f"  BELOW {MIN_RATIO}", False
            print(f"  {contender:12} {path:8} {beside:10.0f} {rate:10.0f} {apart:15.0f}"
                  f" {ratio:6.2f}{mark}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=sorted(CPUS), default="x86_64")
    parser.add_argument("--exact", action="store_true", help="only the exact part")
    parser.add_argument("--instruments", action="store_true",
                        help="instead: what instruments cost, off, by default and on")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    args = parser.parse_args()
    if args.instruments:
        make("LAB=0", f"ARCH={args.arch}")
        print_instruments(args.arch)
        return 0
    if args.arch != "x86_64" and not args.exact:
        parser.error(f"the second part is for x86_64; for {args.arch} give --exact")
    make("LAB=0", f"ARCH={args.arch}")
    classic, spf = exact_rows(args.arch, "classic"), exact_rows(args.arch, "spf")
    good = print_exact(args.arch, classic, spf)
    figures = {"classic": classic, "spf": spf}
    if not args.exact:
        make()
        faults, ops = contend_rates()
        good &= print_contend(faults, ops)
        figures["contend"] = {f"{path} beside {who}": rates
                              for (path, who), rates in faults.items()}
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
