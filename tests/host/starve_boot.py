#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Guests that the host starves: one virtual CPU, or QEMU as a whole, stopped for seconds.

The guest's suite `starve` says when and whom; it judges that nothing was called stuck. One thread
of QEMU is stopped by ptrace, all of it by a signal. Where the guest's CPUs have no threads of their
own, or KVM does not carry it, there is nothing to stop.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from runner import machine  # noqa: E402
from runner.qmp import Qmp  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_CONT, PTRACE_DETACH = 0x4206, 0x4207, 7, 17
WALL = 0x40000000
STOP = 3.0              # seconds; the guest's limit is 0.4
STOP_LONG = 8.0         # three unanswered NMIs of a second each, and some more
PATIENCE = 120.0
TRIES = 4               # one CPU at a time looks at the others: it may be the one that is stopped
KVM_IS_NOT = 125        # the runner's exit status where it cannot be had


def ptrace(request, tid):
    if LIBC.ptrace(request, tid, None, None):
        raise OSError(ctypes.get_errno(), "ptrace")


def stop_thread(tid, seconds, is_well):
    """Stops one thread; not where the others cannot go on without it, which `is_well` tells."""
    ptrace(PTRACE_SEIZE, tid)
    for _ in range(20):
        ptrace(PTRACE_INTERRUPT, tid)
        os.waitpid(tid, WALL)
        if is_well():
            break
        ptrace(PTRACE_CONT, tid)
        time.sleep(0.01)
    time.sleep(seconds)
    ptrace(PTRACE_DETACH, tid)


class Starved:
    """Mixed into a case for each architecture."""

    arch = None

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.runs = Path(place.name)
        built = ROOT / "build" / self.arch / "faultline.elf"
        if not shutil.which(machine.get(self.arch).qemu) or not built.is_file():
            self.skipTest(f"no emulator or no image for {self.arch}")

    def vcpus(self):
        """Thread ids by CPU."""
        qmp = Qmp(self.place / "qmp.sock")
        try:
            return [cpu["thread-id"] for cpu in qmp.ask("query-cpus-fast")["return"]]
        finally:
            qmp.close()

    def answers(self):
        """QEMU's main loop goes on: the thread that was stopped holds no lock of it."""
        try:
            qmp = Qmp(self.place / "qmp.sock", seconds=0.5)
            qmp.close()
            return True
        except OSError:
            return False

    def await_word(self, runner):
        """Whom the guest wants stopped; None if the run has ended."""
        log = self.place / machine.CHANNELS["control"]
        for _ in range(int(PATIENCE / 0.02)):
            found = re.search(r"^starve=(\S+)$", log.read_text() if log.exists() else "", re.M)
            if found or runner.poll() is not None:
                return found and found.group(1)
            time.sleep(0.02)
        return None

    def starve(self, whom, seconds):
        tids = self.vcpus()
        if whom != "all":
            return stop_thread(tids[int(whom)], seconds, self.answers)
        status = Path(f"/proc/{tids[0]}/status").read_text()
        pid = int(re.search(r"^Tgid:\s+(\d+)", status, re.M).group(1))
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
        return None

    def boot(self, test, mode, *options, seconds=STOP, codes=(0,)):
        """What the console said of a run in which the test got what it wants."""
        self.place = self.runs / str(len(list(self.runs.iterdir())))
        words = [str(ROOT / "run-qemu.sh"), "--no-build", "--quiet", "--arch", self.arch,
                 "--mode", mode, "--smp", "2", "--run-dir", str(self.place), *options, test]
        runner = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True)
        whom = self.await_word(runner)
        try:
            if whom:
                self.starve(whom, seconds)
        except PermissionError as err:
            runner.terminate()
            runner.communicate()
            self.skipTest(f"this host lets nobody stop a thread: {err}")
        said = runner.communicate(timeout=PATIENCE)[0]
        if mode == "kvm" and runner.returncode == KVM_IS_NOT:
            self.skipTest(said.strip().splitlines()[-1])
        self.assertTrue(whom, said)
        console = (self.place / machine.CHANNELS["console"]).read_text()
        self.assertIn(runner.returncode, codes, said + console)
        return console

    def boot_until(self, text, *words, **more):
        """Some run must say it."""
        console = ""
        for _ in range(TRIES):
            console = self.boot(*words, **more)
            if text in console:
                return
        self.fail(f"'{text}' was not said in {TRIES} runs, the last of which said:\n{console}")

    def test_one_cpu_in_parallel(self):
        self.boot("starve.one", "parallel")

    def test_the_machine(self):
        self.boot("starve.all", "interleaved")

    def test_the_machine_and_a_watchdog_that_goes_by_age(self):
        console = self.boot("starve.all", "interleaved", "--bug", "hung_by_age", codes=(1,))
        self.assertIn("# watchdog: LOCK HELD", console)


class X86_64(Starved, unittest.TestCase):
    arch = "x86_64"

    def test_one_cpu_in_parallel(self):
        self.boot_until("# inconclusive: CPU 1", "starve.one", "parallel")

    def test_one_cpu_under_kvm(self):
        self.boot_until("# inconclusive: CPU 1", "starve.one", "kvm")

    def test_the_machine_under_kvm(self):
        self.boot("starve.all", "kvm")

    def test_one_cpu_and_a_watchdog_that_goes_by_age(self):
        self.boot_until("# watchdog: HUNG CPU 1", "starve.one", "parallel", "--bug", "hung_by_age",
                        seconds=STOP_LONG, codes=(0, 1))


class Ppc64le(Starved, unittest.TestCase):
    arch = "ppc64le"


if __name__ == "__main__":
    unittest.main()
