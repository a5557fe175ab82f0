#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Orders of the command line in real boots: in force, or an ERROR; lists of an exploration repeat.

Both architectures, each if its emulator and its image are there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools")]
sys.dont_write_bytecode = True

from runner import machine  # noqa: E402

RACE = "spf_found>munmap_write_held,munmap_done>spf_found@cpu1*1"


class Orders:
    """Mixed into a case for each architecture."""

    arch = None

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.out = place.name
        if not shutil.which(machine.get(self.arch).qemu) or not (
                ROOT / "build" / self.arch / "faultline.elf").is_file():
            self.skipTest(f"no emulator or no image for {self.arch}")

    def boot(self, *options, test="explore.unmap_spf", mode="interleaved"):
        """(exit code, what was said)"""
        words = [str(ROOT / "run-qemu.sh"), "--no-build", "--arch", self.arch, "--smp", "2",
                 "--mode", mode, *options, test]
        done = subprocess.run(words, env={**os.environ, "OUT": self.out}, capture_output=True,
                              text=True, check=False, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def test_order_in_force(self):
        """It brings about what only it does: the fault finds a dead VMA."""
        code, text = self.boot("--sched", RACE, "--bug", "skip_dead_mark")
        self.assertEqual(code, 1, text)
        self.assertIn("utest meet ended with status 1", text)
        code, text = self.boot("--sched", RACE)
        self.assertEqual(code, 0, text)

    def test_order_that_is_not_used(self):
        code, text = self.boot("--sched", "spf_found>spf_done@cpu200")
        self.assertEqual(code, 1, text)
        self.assertIn("ERROR order spf_found*1>spf_done@cpu200 was never used", text)

    def test_order_that_cannot_happen(self):
        code, text = self.boot("--sched", "spf_begin@t7>munmap_unlinked", "--append", "limit=3")
        self.assertEqual(code, 1, text)
        self.assertIn("ERROR order spf_begin@t7*1>munmap_unlinked expired", text)

    def test_order_that_a_test_replaces(self):
        code, text = self.boot("--sched", RACE, test="deadlock.zap_abort")
        self.assertEqual(code, 1, text)
        self.assertIn("the test has a schedule of its own", text)

    def test_preemption_that_does_not_come_about(self):
        code, text = self.boot("--preempt", "1:spf_found*99", mode="replay")
        self.assertEqual(code, 1, text)
        self.assertIn("only 0 of 1 preemptions came about", text)

    def test_the_same_list_is_the_same_run(self):
        runs = set()
        for _ in range(2):
            code, text = self.boot("--preempt", "0:prctl_pass,1:spf_found", mode="replay")
            self.assertEqual(code, 0, text)
            console = (Path(self.out) / "latest" / "console.log").read_text()
            runs.add([word for word in console.split() if word.startswith("run=0x")][0])
        self.assertEqual(len(runs), 1)


class X86(Orders, unittest.TestCase):
    arch = "x86_64"


class Ppc(Orders, unittest.TestCase):
    arch = "ppc64le"


if __name__ == "__main__":
    unittest.main()
