#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Traces of real boots: valid, the same twice, and with everything in them that was done.

Both architectures, each if its emulator and its image are there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/host/runner")]
sys.dont_write_bytecode = True

import trace_format  # noqa: E402
from runner import machine, trace_read, trace_spans  # noqa: E402

PICTURE = ROOT / "docs/pictures/deadlock.svg"
# The fault stands before the lock when it is taken; then its holder waits four times in vain, a
# third of the limit each, and the fault runs into the limit.
PANIC_SCHEDULE = ",".join(["munmap_unlinked>spf_begin", "zap_ptl_held>spf_before_ptl",
                           "spf_before_ptl>zap_ptl_held"] + ["prctl_pass*9>zap_ptl_held"] * 4)


class Traces:
    """Mixed into a case for each architecture."""

    arch = None

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.out = Path(place.name)
        self.build = ROOT / "build" / self.arch
        if not shutil.which(machine.get(self.arch).qemu) or not (
                self.build / "faultline.elf").is_file():
            self.skipTest(f"no emulator or no image for {self.arch}")

    def boot(self, *options, code=0, mode="replay"):
        """The directory of a run; its trace must be valid."""
        words = [str(ROOT / "run-qemu.sh"), "--no-build", "--arch", self.arch, "--mode", mode]
        done = subprocess.run(words + list(options), env={**os.environ, "OUT": str(self.out)},
                              capture_output=True, text=True, check=False, timeout=600)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.said = done.stdout + done.stderr
        place = self.out / "latest"
        if (place / "trace.json").is_file():
            self.assertEqual(trace_format.problems((place / "trace.json").read_text()), [])
        return place.resolve()

    def trace(self, *options, **more):
        place = self.boot(*options, **more)
        trace = trace_read.read((place / "trace.bin").read_bytes())
        self.assertEqual(trace.problems, [])
        return trace, trace_spans.build(trace)

    def picture(self, place, *options):
        return subprocess.run([sys.executable, str(ROOT / "tools/trace-picture.py"),
                               str(place / "trace.bin"), *options], capture_output=True,
                              text=True, check=False)

    def test_deadlock_and_its_picture(self):
        place = self.boot("--trace", "--smp", "2", "deadlock.zap_spin")
        done = self.picture(place, "--check", str(PICTURE))
        self.assertEqual(done.returncode, 0, done.stderr + " Draw it again: make picture")

    def test_the_fix_has_no_deadlock(self):
        place = self.boot("--trace", "--smp", "2", "deadlock.zap_abort")
        done = self.picture(place)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no deadlock in this trace", done.stderr)

    def test_the_same_seed_gives_the_same_bytes(self):
        runs = [self.boot("--trace", "--smp", "4", "--seed", seed, "tlb")
                for seed in ("5", "5", "6")]
        traces = [(place / "trace.bin").read_bytes() for place in runs]
        self.assertEqual(traces[0], traces[1])
        self.assertNotEqual(traces[0], traces[2])

    def test_known_faults(self):
        trace, picture = self.trace("--trace=fault,syscall,sched", "--exec",
                                    str(self.build / "utest"), "traced", "--pages", "12")
        pages, _, _, where = (self.out / "latest/stdout.log").read_text().split()
        start = int(where, 0)
        faults = Counter(span.args["address"] for span in picture.spans
                         if span.category == "fault" and span.args["access"] == "write user")
        for page in range(int(pages)):
            self.assertEqual(faults[hex(start + page * 4096)], 1)
        self.assertEqual(trace.reasons, ["the program asked for it", "the run is over"])
        self.assertEqual({span.category for span in picture.spans}, {"fault", "syscall", "sched"})
        calls = [span for span in picture.spans if span.name == "mmap"
                 and span.args.get("result") == start]
        self.assertEqual(len(calls), 1)

    def test_everything_is_there(self):
        trace, picture = self.trace("--trace", "--smp", "4", "deadlock.zap_spin", "srcu",
                                    "tlb.every*")
        names = {span.name for span in picture.spans}
        self.assertLessEqual({"munmap", "holds ptl", "waits for ptl", "shootdown", "idle",
                              "fault, speculative", "holds mmap_sem (write)", "reads vma_srcu",
                              "changes vm_sequence"}, names)
        self.assertTrue(any(name.startswith("grace period of ") for name in names))
        self.assertTrue(any(name.startswith("at ") and " waits for " in name for name in names))
        self.every_request_is_acknowledged(trace, picture)

    def every_request_is_acknowledged(self, trace, picture):
        if trace.lost:      # the oldest requests are not in it
            return
        asked = sum(len(span.args["asks"]) for span in picture.spans if span.name == "shootdown")
        arrows = Counter(arrow.name for arrow in picture.arrows)
        self.assertGreater(asked, 0)
        self.assertEqual((arrows["shootdown"], arrows["acknowledgement"]), (asked, asked))

    def test_a_dying_kernel_leaves_its_trace(self):
        trace, picture = self.trace(
            "--trace", "--smp", "2", "--append", "limit=1", "--sched", PANIC_SCHEDULE, "--ptl",
            "spin", "--exec", str(self.build / "utest"), "zap", code=126, mode="interleaved")
        self.assertIn("for spinlock ptl", self.said)
        self.assertEqual(trace.reasons, ["panic"])
        last = [span for span in picture.spans if span.args.get("unfinished")]
        self.assertLessEqual({"holds ptl", "waits for ptl", "munmap"},
                             {span.name for span in last})

    def test_a_failed_test_writes_at_once(self):
        trace, _ = self.trace("--trace=sync", "--smp", "2", "--bug", "skip_dead_mark", "lookup",
                              code=1)
        self.assertTrue(trace.reasons[0].startswith("lookup."), trace.reasons)
        self.assertEqual(trace.reasons[-1], "the run is over")

    def test_off(self):
        place = self.boot("--smp", "2", "deadlock.zap_spin")
        self.assertFalse({"trace.json", "trace.bin"} & set(os.listdir(place)))

    def test_a_wrong_word(self):
        self.boot("--append", "trace=lock,fualt", code=2)
        self.assertIn("trace=fualt: all, fault, lock", self.said)


class X86(Traces, unittest.TestCase):
    arch = "x86_64"


class Ppc64le(Traces, unittest.TestCase):
    arch = "ppc64le"


if __name__ == "__main__":
    unittest.main()
