# SPDX-License-Identifier: GPL-2.0-only
"""A guest of which every CPU is stuck gets an NMI; and graphs become a file."""

import os
import subprocess
import sys
import time
import unittest

from base import World
from runner import machine, stuck
from runner.run import Control

X86 = """CPU#0
RAX=0000000000000000
RIP=ffffffff80100000 RFL=00000{0} [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
CPU#1
RIP=ffffffff80100000 RFL=00000{1} [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
"""
PPC = """CPU#0
NIP c000000000012345   LR c000000000012345 CTR 0000000000000000 XER 0000000000000000 CPU#0
MSR 80000000000{0}033 HID0 0000000000000000  HF 00006006 iidx 3 didx 3
CPU#1
MSR 80000000000{1}033 HID0 0000000000000000  HF 00006006 iidx 3 didx 3
"""


class Registers(unittest.TestCase):
    def expect(self, text, arch, wanted):
        self.assertEqual(stuck.all_off(text, machine.get(arch).irq_flags), wanted)

    def test_x86_64(self):
        self.expect(X86.format("046", "006"), "x86_64", True)
        self.expect(X86.format("046", "246"), "x86_64", False)
        self.expect(X86.replace("RFL", "EFL").format("046", "246"), "x86_64", False)

    def test_ppc64le(self):
        self.expect(PPC.format("01", "01"), "ppc64le", True)
        self.expect(PPC.format("01", "09"), "ppc64le", False)

    def test_nothing_known(self):
        self.expect("", "x86_64", False)
        self.expect("RIP=1234", "x86_64", False)


class Stuck(World):
    def test_gets_nmi(self):
        done = self.run_qemu("stuck", "--timeout", "60")
        self.assertEqual(done.code, 126, done.err)
        self.assertIn("all CPUs are stuck", done.out)

    def test_busy_gets_none(self):
        done = self.run_qemu("busy", "--timeout", "8")
        self.assertEqual(done.code, 124, done.err)
        self.assertEqual(done.out.count("an NMI"), 1)     # that of the time limit

    def test_replay_gets_none(self):
        done = self.run_qemu("stuck", "--mode", "replay", "--timeout", "6")
        self.assertEqual(done.code, 124, done.err)


SPIN = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
while True: pass
"""


class Starved(unittest.TestCase):
    """Two that spin on one processor let each other wait; one limit is prolonged by that."""

    def setUp(self):
        self.spinners = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(2)]
        for process in self.spinners:
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)

    def wait_until(self, starved):
        end = time.monotonic() + 60
        while stuck.starved_seconds(self.spinners[0].pid) < starved:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    @unittest.skipUnless(os.path.exists("/proc/self/schedstat"), "the host does not say")
    def test_seconds(self):
        self.wait_until(0.3)

    @unittest.skipUnless(os.path.exists("/proc/self/schedstat"), "the host does not say")
    def test_limit_is_prolonged(self):
        self.wait_until(0.6)
        self.assertGreater(stuck.lost_seconds(self.spinners[0].pid, 10), 0.5)
        self.assertEqual(stuck.lost_seconds(self.spinners[0].pid, 0.2), 0.4)   # and no more

    def test_no_such_process(self):
        self.assertEqual(stuck.starved_seconds(0), 0)


class Graphs(World):
    def test_control(self):
        control = Control()
        for line in ("dot=digraph x {", "dot=  a -> b [label=\"=\"];", "dot=}", "boot_ns=1"):
            control.take(line)
        self.assertEqual(control.graphs, ["digraph x {", '  a -> b [label="="];', "}"])
        self.assertNotIn("dot", control.values)

    def test_file(self):
        self.run_qemu("graph")
        self.assertEqual((self.out / "latest" / "waitfor.dot").read_text(),
                         "digraph waitfor {\n  c0 -> c1;\n}\n")

    def test_no_file(self):
        self.run_qemu("pass")
        self.assertFalse((self.out / "latest" / "waitfor.dot").exists())


if __name__ == "__main__":
    unittest.main()
