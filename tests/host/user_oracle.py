#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs every user program on the host's Linux: the property that Faultline is tested for must
hold there, or the program is wrong about it.

    python3 tests/host/user_oracle.py [-v]

The binary is $UTEST, or build/x86_64/utest, or built into a temporary directory. Out-of-memory is
left out but for a run that fits: Linux may choose another victim. Standard library only.
"""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIME_LIMIT_S = 120
COMPILE = "musl-gcc -static -O2 -g -Wall -Wextra -Werror -I. -Iarch/x86_64 -pthread"

# Every program with the arguments to run it with; status 0 is expected of all.
CASES = {
    "alloc": ["", "--threads 8 --rounds 1000 --seed 2"],
    "altstack": [""],
    "apart": [""],
    "asleep": ["", "--ms 50"],
    "clock": [""],
    "contend": ["--ms 50", "--ms 50 --contender mmap", "--ms 50 --contender mprot16m"],
    "cow": ["", "--faulters 3", "--faulters=63"],
    "cputour": ["", "--threads 16"],
    "exit": ["0", "0 --threads 9"],
    "firsttouch": ["", "--pages 100"],
    "fpu": ["--rounds 300"],
    "growth": [""],
    "hello": ["", "a b"],
    "holes": [""],
    "kinds": ["", "--rounds 100"],
    "latefault": [""],
    "lookupstorm": ["", "--threads 7 --seed 2"],
    "meet": ["--change unmap", "--change table", "--change protect", "--change rights",
             "--change replace", "--change map"],
    "mmapcalls": [""],
    "mmaperrors": [""],
    "oom": ["--mib 16 --threads 3", "--mib 16 --kernel"],
    "parked": [""],
    "protectrace": [""],
    "reclaim": ["", "--rounds 8 --spans 4 --seed 2"],
    "segv": ["", "null", "gap", "readonly", "none", "alone", "noexec", "kernel"],
    "signals": [""],
    "sigfpu": [""],
    "sigthreads": [""],
    "spread": ["", "--threads 64"],
    "stale": ["", "--threads 9"],
    "storm": ["--threads 64", "--threads 3 --rounds 5000 --seed 2",
              "--shared --threads 16 --rounds 1000"],
    "syscalls": [""],
    "stalewrite": [""],
    "tablerace": [""],
    "tablereuse": [""],
    "threads": ["8", "32 --rounds 2"],
    "traced": ["", "--pages 3"],
    "twobehind": [""],
    "unmaprace": [""],
    "ubench": ["", "--threads2"],
    "zap": ["", "--faulters 3", "--faulters 63 --pages 100"],
}


def find_binary(scratch):
    """The path of utest, built if need be."""
    for path in (os.environ.get("UTEST"), os.path.join(ROOT, "build/x86_64/utest")):
        if path and os.path.exists(path):
            return os.path.abspath(path)
    sources = sorted(glob.glob(os.path.join(ROOT, "tests/user/*.c")) +
                     glob.glob(os.path.join(ROOT, "tests/bench/*.c")))
    binary = os.path.join(scratch, "utest")
    subprocess.run(COMPILE.split() + sources + ["-o", binary], cwd=ROOT, check=True)
    return binary


class UserOracle(unittest.TestCase):
    """Linux's verdict on each program."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.binary = find_binary(cls.scratch.name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def run_program(self, *words):
        """Standard output is a pipe: some programs ask the kernel what it is."""
        return subprocess.run([self.binary, *words], capture_output=True, text=True,
                              timeout=TIME_LIMIT_S, check=False)

    def test_every_program_is_run(self):
        listed = {line.split()[0] for line in self.run_program("list").stdout.splitlines()}
        self.assertEqual(listed, set(CASES))

    def test_properties_hold(self):
        for name, runs in sorted(CASES.items()):
            for arguments in runs:
                with self.subTest(program=name, arguments=arguments):
                    done = self.run_program(name, *arguments.split())
                    self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_hello(self):
        self.assertEqual(self.run_program("hello", "a", "b").stdout, "hello from ring 3: a b\n")

    def test_exit_status(self):
        self.assertEqual(self.run_program("exit", "7").returncode, 7)
        self.assertEqual(self.run_program("exit", "300", "--threads", "6").returncode, 300 & 255)

    def test_uncaught_signal(self):
        self.assertEqual(self.run_program("segv", "uncaught").returncode, -signal.SIGSEGV)

    def test_usage(self):
        for words in ((), ("nonsense",), ("storm", "--nonsense"), ("storm", "--threads", "x"),
                      ("storm", "--threads"), ("storm", "--shared=1"), ("segv", "nonsense"),
                      ("zap", "--pages", "512"), ("contend", "--contender", "x"),
                      ("ubench", "--path", "x"), ("exit",)):
            with self.subTest(words=words):
                done = self.run_program(*words)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, r"^utest.*: .+\n$")

    def test_ubench_lines(self):
        lines = self.run_program("ubench").stdout.splitlines()
        self.assertRegex(lines[0], r"^path linux threads 1 samples 31$")
        for line in lines[1:]:
            name, median, least = re.fullmatch(r"(\w+) (\d+) (\d+)", line).groups()
            self.assertLessEqual(int(least), int(median), name)

    def test_contend_over_one_interval(self):
        start = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + 100 * 1000 * 1000
        common = ["--ms", "100", "--start-at", str(start)]
        words = (["--role", "fault", "--contender", "other"], ["--role", "mmap"])
        runs = [subprocess.Popen([self.binary, "contend", *role, *common], text=True,
                                 stdout=subprocess.PIPE) for role in words]
        lines = [run.communicate(timeout=TIME_LIMIT_S)[0] for run in runs]
        self.assertEqual([run.returncode for run in runs], [0, 0])
        self.assertRegex(lines[0], r"role fault contender other faults/s [1-9]\d* contender/s 0 ")
        self.assertRegex(lines[1], r"role mmap contender mmap faults/s 0 contender/s [1-9]\d* ")


if __name__ == "__main__":
    sys.exit(unittest.main())
