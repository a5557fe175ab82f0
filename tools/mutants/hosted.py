# SPDX-License-Identifier: GPL-2.0-only
"""Mutants against the programs of tests/host that run mm in a process, under sanitizers: a second
or two before any guest boots."""

import array
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

from runner.common import BROKEN, Error
from runner.kill import KILLED, NOT_REACHED, SURVIVED

# The quickest to find something first. A failure need not be cut down.
PROGRAMS = (("fuzz", ("--seeds", "4", "--steps", "3000", "--tries", "0")), ("vma", ()),
            ("mm_threads", ()))
# Of processor time for each process: one that spins is found by it however busy the host is.
# Threads that only pass a semaphore on may take long beside other work; threads that nobody wakes
# end by the kernel's own limit for waits, or by the time limit.
CPU_LIMIT_S, LIMIT_S = 20, 150
MODE = "host"
RED = re.compile(r"not ok|Bail out|.*runtime error|.*ERROR: ")


class Hosted:
    """The programs, made from the tree that holds the mutants."""

    def __init__(self, place, count):
        self.tree, self.out = place / "tree", place / "host"
        self.count = count
        self.reach = {}     # program -> numbers of the mutants that it reaches
        self.running = set()

    def build(self, jobs=1):
        command = ["make", "-s", f"-j{jobs}", "-C", "tests/host", f"OUT={self.out}",
                   f"CC=gcc -w -DMUTANTS={self.count}", "mutants"]
        clean = {key: value for key, value in os.environ.items()
                 if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CC")}
        done = subprocess.run(command, cwd=self.tree, env=clean, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise Error("the host's tests of mutants do not build: " + done.stdout[-2000:], BROKEN)
        self.record()

    def record(self):
        """Which programs reach which mutants; none is on, so all must be green."""
        for name, words in PROGRAMS:
            code, text, self.reach[name] = self.program(name, words, "record")
            if code:
                raise Error(f"{name} without a mutant is not green: {why_red(code, text)}", BROKEN)

    def program(self, name, words, mutant):
        """(status, output, numbers reached); no status if there was no end."""
        with tempfile.TemporaryDirectory() as place:
            told = Path(place) / "reached"
            process = subprocess.Popen(
                ["prlimit", f"--cpu={CPU_LIMIT_S}:{CPU_LIMIT_S + 5}", str(self.out / name), *words],
                stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**os.environ, "MUTANT": str(mutant), "MUTANT_FILE": str(told)})
            self.running.add(process)
            try:
                text = process.communicate(timeout=LIMIT_S)[0]
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                text, process.returncode = process.communicate()[0], None
            finally:
                self.running.discard(process)
            return process.returncode, text, numbers_in(told)

    def stop(self):
        """Ends what runs, with its children."""
        for process in list(self.running):
            os.killpg(process.pid, signal.SIGKILL)

    def run(self, number):
        """(verdict, why) as a boot's."""
        found = NOT_REACHED, ""
        for name, words in PROGRAMS:
            if number not in self.reach[name]:
                continue
            code, text, reached = self.program(name, words, number)
            verdict, why = judge(name, code, text, number in reached)
            if verdict == KILLED:
                return verdict, why
            if verdict == SURVIVED or not found[1]:
                found = verdict, why
        return found


def numbers_in(path):
    numbers = array.array("I")
    if path.is_file():
        numbers.frombytes(path.read_bytes())
    return set(numbers)


def why_red(code, text):
    lines = [line.strip() for line in text.splitlines() if RED.match(line)]
    return lines[0] if lines else \
        "no end within the limit" if code in (None, -signal.SIGXCPU) else f"ended with {code}"


def judge(name, code, text, hit):
    """A failed check, a panic, a finding of the sanitizers or a program without an end kills."""
    if code == 0:
        return (SURVIVED if hit else NOT_REACHED), ""
    why = f"tests/host {name}: {why_red(code, text)}"
    return (KILLED, why[:160]) if hit else (NOT_REACHED, "red without a hit: " + why[:120])
