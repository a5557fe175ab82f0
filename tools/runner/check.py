# SPDX-License-Identifier: GPL-2.0-only
"""Works through a profile: a child runner for each boot, one line for each, one total.

Children run two at a time, but for those that keep more of the host's cores busy than one: KVM, and
many CPUs in parallel.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import build, kill, machine, probe, profiles, replay, report, screen, session
from .common import (BROKEN, FAIL, PASS, ROOT, SKIPPED, TIMEOUT, DIED, Error, complain, host_cores,
                     note, out_dir, read_text, shown)

SMALL = 4       # CPUs in parallel up to which two guests share the host


@dataclass
class Outcome:
    """What came of one entry."""
    name: str
    code: int
    totals: tuple = (0, 0, 0)
    seconds: float = 0.0
    text: str = ""              # the child's output, shown when it failed
    reason: str = ""            # why it was skipped
    results: dict = field(default_factory=dict)


class Driver:
    """Runs entries below one directory of out/ and keeps count."""

    def __init__(self, args, name):
        self.args, self.name = args, name
        self.children = set()
        self.dir = self._make_dir()
        self.outcomes = []
        self.number = 0

    def _make_dir(self):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        place = out_dir() / f"{stamp}-{self.name}"
        for number in range(2, 1000):
            try:
                place.mkdir(parents=True)
                session.point_latest(place)
                return place
            except FileExistsError:
                place = out_dir() / f"{stamp}-{self.name}-{number}"
        raise Error(f"no free name for {place}", BROKEN)

    # -- one child --------------------------------------------------------

    def child(self, options, place, cwd=None):
        """Run the runner once; (exit code, its output, its results)."""
        line = [sys.executable, str(Path(__file__).parent), "--no-build", "--quiet",
                "--run-dir", str(place)] + list(options)
        process = subprocess.Popen(line, cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                                   errors="replace", stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.children.add(process)
        try:
            text = process.communicate()[0]
        finally:
            self.children.discard(process)
        return process.returncode, text, read_results(place)

    def entry(self, entry):
        self.number += 1
        place = self.dir / f"{self.number:03}-{entry.image}-smp{entry.smp}-{entry.mode}"
        started = time.monotonic()
        label = ["--label", f"seed{entry.seed}"] if entry.seed != 1 else []
        code, text, results = self.child(label + entry.options(), place)
        outcome = Outcome(entry.name, code, totals_of(code, results), time.monotonic() - started,
                          text, results=results)
        if entry.program:
            return judge_exec(entry, outcome)
        if entry.explore:
            return judge_explored(entry, outcome, place)
        if entry.dies:
            return judge_death(entry, outcome, place)
        return judge_red(entry, outcome, place) if entry.bug else judge_prove(outcome, place)

    def command(self, entry):
        """A command on the host; it passes as one. It may say itself that it cannot run here."""
        name, line, tool = entry
        if tool and not shutil.which(tool):
            return Outcome(name, SKIPPED, (0, 0, 1), reason=f"{tool} is not installed")
        started = time.monotonic()
        done = subprocess.run(line, cwd=ROOT, stdin=subprocess.DEVNULL, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode == SKIPPED:
            return Outcome(name, SKIPPED, (0, 0, 1), reason=done.stdout.strip())
        good = done.returncode == 0
        return Outcome(name, PASS if good else FAIL, (1, 0, 0) if good else (0, 1, 0),
                       time.monotonic() - started, done.stdout)

    def stop(self):
        for process in list(self.children):
            process.terminate()

    # -- all of them ------------------------------------------------------

    def run(self, entries, work=None):
        work = work or self.entry
        alone = [e for e in entries if e.mode == "kvm" or e.mode == "parallel" and e.smp > SMALL]
        pool = ThreadPoolExecutor(max(1, min(2, host_cores())))
        try:
            for outcome in pool.map(work, [e for e in entries if e not in alone]):
                self.tell(outcome)
            for entry in alone:
                self.tell(work(entry))
        except BaseException:
            self.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()

    def run_commands(self, commands):
        for command in profiles.BUILDS if commands else ():
            self.tell(self.command(command))
        with ThreadPoolExecutor(max(1, min(2, host_cores()))) as pool:
            for outcome in pool.map(self.command, commands):
                self.tell(outcome)

    def skip(self, reasons):
        for entry, reason in reasons.items():
            self.tell(Outcome(entry.name, SKIPPED, (0, 0, 1), reason=reason))

    def tell(self, outcome):
        """One line an entry; more only when it went wrong."""
        self.outcomes.append(outcome)
        good = outcome.code == PASS
        word = "ok" if good else "skip" if outcome.code == SKIPPED else "FAIL"
        numbers = outcome.reason or screen.totals_line(*outcome.totals)
        paint = {"ok": "green", "skip": "yellow", "FAIL": "red"}[word]
        print(f"{screen.colour(paint, f'{word:4}')} {outcome.name:<48} "
              f"{numbers}  {outcome.seconds:.1f} s")
        if word == "FAIL" and outcome.text:
            print("\n".join("     | " + line for line in outcome.text.splitlines()))
        sys.stdout.flush()

    def finish(self):
        """The merged JUnit file, the total and the exit code."""
        target = self.dir / "junit.xml"
        report.merge_junit(sorted(self.dir.glob("*/junit.xml")), target)
        if self.args.junit:
            report.merge_junit([target], self.args.junit)
        totals = [sum(o.totals[i] for o in self.outcomes) for i in range(3)]
        print(f"kept in {shown(self.dir)}")
        print(screen.totals_line(*totals))
        return exit_code([outcome.code for outcome in self.outcomes])


def judge_red(entry, outcome, place):
    """A run with a defect switched on: good if tests failed because of it."""
    verdict, why = kill.judge(outcome.code, outcome.results,
                              kill.hits_of(outcome.results, entry.bug))
    (place / "junit.xml").unlink(missing_ok=True)   # its failures are meant
    if verdict == kill.KILLED:
        return Outcome(outcome.name, PASS, (1, 0, 0), outcome.seconds)
    return Outcome(outcome.name, FAIL, (0, 1, 0), outcome.seconds, why + "\n" + outcome.text)


def judge_explored(entry, outcome, place):
    """An exploration: with a defect good if it was found and its list repeats, else if nothing was.

    What it came to is told, for that is what one wants to know.
    """
    explored = read_json(place / "explore.json")
    if entry.bug:
        (place / "junit.xml").unlink(missing_ok=True)   # its failures are meant
    found = explored.get("found", [])
    why = explored_badly(entry, outcome, explored, found)
    if why:
        return Outcome(outcome.name, FAIL, (0, 1, 0), outcome.seconds, why + "\n" + outcome.text)
    told = f"all {explored['ran']} schedules passed"
    if entry.bug:
        told = f"found by schedule {found[0]['schedule']}, repeats: preempt={found[0]['list']}"
    return Outcome(outcome.name, PASS, (1, 0, 0), outcome.seconds, reason=told)


def explored_badly(entry, outcome, explored, found):
    """What is wrong with an exploration, or nothing."""
    if not explored.get("ran"):
        return "no schedule was run"
    if not entry.bug:
        return "" if outcome.code == PASS and not found else "a schedule failed, or not all ran"
    if outcome.code not in (FAIL, DIED) or not found:
        return f"{explored['ran']} schedules did not find the defect"
    return "" if found[0]["repeats"] else f"preempt={found[0]['list']} does not repeat it"


def judge_death(entry, outcome, place):
    """A kernel that died on purpose: good if it did, and its report says what it must."""
    console = read_text(place / "console.log")
    missing = [text for text in entry.dies if text not in console]
    (place / "junit.xml").unlink(missing_ok=True)
    if outcome.code == DIED and not missing:
        return Outcome(outcome.name, PASS, (1, 0, 0), outcome.seconds)
    why = f"the run ended with {outcome.code}" if outcome.code != DIED else \
        f"its report has no '{missing[0]}'"
    return Outcome(outcome.name, FAIL, (0, 1, 0), outcome.seconds, why + "\n" + outcome.text)


def judge_exec(entry, outcome):
    """A program passes as one, if the status is its own and the wanted one."""
    status = outcome.results.get("control", {}).get("exec_status")
    if outcome.code == entry.status and status == str(entry.status):
        return Outcome(outcome.name, PASS, (1, 0, 0), outcome.seconds)
    why = f"ended with {outcome.code}, the program with {status}, and {entry.status} was wanted"
    return Outcome(outcome.name, FAIL, (0, 1, 0), outcome.seconds, why + "\n" + outcome.text)


def judge_prove(outcome, place):
    """Another parser's opinion of the same report must be ours."""
    if outcome.code not in (PASS, FAIL) or not shutil.which("prove"):
        return outcome
    done = subprocess.run(["prove", "--exec", "cat", str(place / "run.ktap")], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if (done.returncode == 0) == (outcome.code == PASS):
        return outcome
    return Outcome(outcome.name, FAIL, (0, 1, 0), outcome.seconds,
                   f"prove disagrees: {done.stdout}\n{outcome.text}")


def exit_code(codes):
    """A failed test is told before a broken run; all skipped is 77."""
    bad = [code for code in codes if code not in (PASS, SKIPPED)]
    if bad:
        known = [code for code in (FAIL, DIED, TIMEOUT, BROKEN) if code in bad]
        return known[0] if known else bad[0]
    return PASS if PASS in codes else SKIPPED


def read_results(place):
    return read_json(place / "results.json")


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def totals_of(code, results):
    """A child that left no results counts as one failed."""
    totals = results.get("totals")
    if totals:
        return totals["passed"], totals["failed"], totals["skipped"]
    return (0, 0, 1) if code == SKIPPED else (0, 1, 0)


# -- profiles -----------------------------------------------------------------

def kvm_problem(args):
    """Why the KVM entries cannot run, or nothing. The rate of its loops does not matter."""
    arch = machine.get(args.arch)
    problem = probe.device_problem(arch)
    if problem:
        return problem[1].split(";")[0]
    qemu = machine.find_qemu(arch)
    trial = probe.trial_of(arch, qemu, args, machine.qemu_version(qemu), believe_failure=False)
    return "" if trial.works else f"KVM does not carry this guest ({trial.reason})"


def iso_problem(args):
    """Why there is no GRUB image to boot, or nothing."""
    arch = machine.get(args.arch)
    if not build.wanted(arch, "iso")[0].is_file() and not shutil.which("grub-mkrescue"):
        return "grub-mkrescue is not installed, so there is no ISO"
    try:
        build.ensure(arch, "iso", args.no_build)
    except Error as err:
        complain(err)       # the entry itself then fails, and the others still run
    return ""


def arch_problem(args, arch):
    """Why entries of a kernel beside the main one cannot run, or nothing."""
    if arch.image == args.arch:
        return ""
    words = ("BUILD",) if arch.name == args.arch else ("QEMU", "BUILD")
    given = [word for word in words if os.environ.get(word)]
    if given:
        return f"{given[0]}= is the one for {args.arch}"
    missing = [tool for tool in (arch.qemu, arch.compiler) if not shutil.which(tool)]
    return f"{missing[0]} is not installed" if missing else ""


def prepared(args, table):
    """The entries that are wanted, and entry -> why it cannot run; builds for the others."""
    entries = [entry for entry in table if args.arch_only in (None, entry.arch)]
    reasons = {}
    for image in dict.fromkeys(entry.image for entry in entries):
        members = [entry for entry in entries if entry.image == image]
        arch = machine.get(members[0].arch, members[0].pages)
        reason = arch_problem(args, arch)
        if reason:
            reasons.update(dict.fromkeys(members, reason))
        else:
            build_for(args, arch, members)
    return entries, reasons


def build_for(args, arch, members):
    machine.find_qemu(arch)
    build.ensure(arch, next(iter(arch.machines)), args.no_build)
    for name in dict.fromkeys(entry.program[0] for entry in members if entry.program):
        build.ensure(arch, name, args.no_build)


def obstacles(args, entries):
    """Entry -> why it cannot run on this host; each thing is looked at once."""
    reasons = {}
    for kind, problem in (("kvm", kvm_problem), ("iso", iso_problem)):
        members = [entry for entry in entries if kind in (entry.mode, entry.machine)]
        reason = problem(args) if members else ""
        reasons.update({entry: reason for entry in members if reason})
    return reasons


def matrix(args, table, commands=()):
    entries, reasons = prepared(args, table)
    reasons.update(obstacles(args, [entry for entry in entries if entry not in reasons]))
    driver = Driver(args, args.profile)
    driver.run([entry for entry in entries if entry not in reasons])
    driver.skip(reasons)
    driver.run_commands(commands)
    return driver.finish()


def by_arch(args, driver, table):
    """(name, entries) of each architecture that can run; the others are told as skipped."""
    entries, reasons = prepared(args, table)
    driver.skip(reasons)
    groups = {}
    for entry in entries:
        if entry not in reasons:
            groups.setdefault(entry.arch, []).append(entry)
    return groups.items()


def check(args):
    return matrix(args, profiles.CHECK, profiles.COMMANDS)


def smoke(args):
    return matrix(args, profiles.SMOKE)


def deadlock_100(args):
    """A hundred seeds of the deadlock tests in replay, on each architecture."""
    told = []
    driver = Driver(args, args.profile)
    for name, entries in by_arch(args, driver, profiles.DEADLOCK_100):
        before = len(driver.outcomes)
        driver.run(entries)
        passed = sum(outcome.code == PASS for outcome in driver.outcomes[before:])
        told.append(f"{name}: {passed} of {len(entries)} seeds passed")
    print("\n".join(told))
    return driver.finish()


def replay_check(args):
    """The same seed gives the same log, another seed another schedule."""
    driver = Driver(args, args.profile)
    for _, entries in by_arch(args, driver, profiles.REPLAY_CHECK):
        replay.run(driver, entries)
    return driver.finish()


def one_run(args):
    """One boot with 64 CPUs of everything, shown as a user's own run is."""
    line = profiles.RUN[args.arch].options()
    if args.junit:
        line += ["--junit", args.junit]
    note("this is ./run-qemu.sh " + shlex.join(line))
    return subprocess.call([sys.executable, str(ROOT / "tools" / "runner")] + line)


PROFILES = {"check": check, "smoke": smoke, "deadlock-100": deadlock_100,
            "replay-check": replay_check, "run": one_run}


def main(args):
    os.environ.pop("MAKEFLAGS", None)
    return PROFILES[args.profile](args)
