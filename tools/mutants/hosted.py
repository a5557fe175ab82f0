# SPDX-License-Identifier: GPL-2.0-only
"""The mutants of the VMA code against its tests on the host: seconds before any guest boots."""

import os
import re
import subprocess

from runner.common import BROKEN, Error
from runner.kill import KILLED, NOT_REACHED, SURVIVED

TEST = "tests/host/test_vma.c"
INCLUDE = re.compile(r'^#include "(mm/\w+\.c)"', re.MULTILINE)
LIMIT_S = 120
MODE = "host"


class Hosted:
    """The test program, made from the tree that holds the mutants."""

    def __init__(self, place, count):
        self.tree, self.out = place / "tree", place / "host"
        self.count = count
        self.files = set(INCLUDE.findall((self.tree / TEST).read_text()))

    def build(self):
        command = ["make", "-s", "-C", "tests/host", f"OUT={self.out}",
                   f"CC=gcc -w -DMUTANTS={self.count}", str(self.out / "vma")]
        clean = {key: value for key, value in os.environ.items()
                 if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CC")}
        done = subprocess.run(command, cwd=self.tree, env=clean, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise Error("the host's tests of mutants do not build: " + done.stdout[-2000:], BROKEN)
        if self.run(0)[0] != NOT_REACHED:
            raise Error("the host's tests without a mutant are not green", BROKEN)

    def run(self, number):
        """(verdict, why) as a boot's."""
        try:
            done = subprocess.run([str(self.out / "vma")], stdin=subprocess.DEVNULL, text=True,
                                  env={**os.environ, "MUTANT": str(number)}, errors="replace",
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return KILLED, f"{TEST} has no end"
        return judge(done.returncode, done.stdout)


def judge(code, text):
    """A failed check, a panic or a finding of the sanitizers ends the program with something else
    than 0; what it says last but the place in the code is why."""
    hit = "# mutant_hits=" in text
    if not code:
        return (SURVIVED if hit else NOT_REACHED), ""
    lines = [line for line in text.splitlines()
             if re.match(r"not ok|Bail out|.*runtime error|.*ERROR: ", line)]
    why = f"{TEST}: " + (lines[0].strip() if lines else f"ended with {code}")
    return (KILLED, why[:160]) if hit else (NOT_REACHED, "red without a hit: " + why[:120])
