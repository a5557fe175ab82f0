# SPDX-License-Identifier: GPL-2.0-only
"""The choice of the accelerator: three ways KVM can be missing, the cache, the grades."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from base import World
from runner import cli, host, probe, session

REAL_OPEN = os.open


class Probe(World):
    """In this process, so that /dev/kvm can be played too."""

    def setUp(self):
        super().setUp()
        self.device = self.place / "kvm"
        self.device.write_bytes(b"")
        self.trials = 0
        self.patch("KVM_DEVICE", str(self.device))
        real = probe.try_cpu

        def counted(*args):
            self.trials += 1
            return real(*args)
        self.patch("try_cpu", counted)

    def patch(self, name, value):
        patcher = mock.patch.object(probe, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def main(self, script, *options):
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, self.environment(script)), \
                contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.code = cli.main(["--no-build", *options])
        self.text, self.err = out.getvalue(), err.getvalue()
        return self.code

    def forbid(self):
        def refuse(path, *rest, **more):
            if path == str(self.device):
                raise PermissionError(13, "Permission denied")
            return REAL_OPEN(path, *rest, **more)
        patcher = mock.patch("os.open", refuse)
        patcher.start()
        self.addCleanup(patcher.stop)

    # -- --mode kvm never falls back ------------------------------------------

    def test_kvm_absent(self):
        self.device.unlink()
        self.assertEqual(self.main("pass", "--mode", "kvm"), 125)
        self.assertIn("is absent", self.err)

    def test_kvm_of_another_kind_of_host(self):
        with mock.patch("platform.machine", lambda: "s390x"):
            self.assertEqual(self.main("pass", "--mode", "kvm"), 125)
        self.assertIn("this one is s390x", self.err)
        self.assertEqual(self.trials, 0)

    def test_kvm_forbidden(self):
        self.forbid()
        self.assertEqual(self.main("pass", "--mode", "kvm"), 125)
        self.assertIn("may not open it", self.err)

    def test_kvm_opens_but_the_guest_dies(self):
        self.assertEqual(self.main("kvm_dies", "--mode", "kvm"), 125)
        self.assertIn("opens, but the guest dies there: -cpu qemu64: "
                      "KVM internal error. Suberror: 1", self.err)
        self.assertEqual(self.trials, 2)

    def test_kvm_hangs(self):
        self.patch("TRIAL_SECONDS", 0.5)
        self.assertEqual(self.main("kvm_hangs", "--mode", "kvm", "--cpu", "host"), 125)
        self.assertIn("did not answer within 0.5 s", self.err)

    def test_kvm_serves(self):
        self.assertEqual(self.main("pass", "--mode", "kvm"), 0)
        self.assertIn("kvm on microvm, -cpu host", self.text)

    def test_second_cpu_model(self):
        self.assertEqual(self.main("host_aborts", "--mode", "kvm"), 0)
        self.assertIn("kvm on microvm, -cpu qemu64", self.text)

    def test_a_slow_kvm_is_taken_when_asked_for(self):
        self.assertEqual(self.main("slow_kvm", "--mode", "kvm"), 0)
        self.assertIn("grade C", self.text)

    # -- auto ---------------------------------------------------------------------

    def fallback(self, script, words):
        self.assertEqual(self.main(script), 0, self.err)
        self.assertIn("interleaved on microvm", self.text)
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        self.assertIn("faultline: interleaved, because ", self.err)
        self.assertIn(words, self.err)

    def test_auto_takes_kvm(self):
        self.assertEqual(self.main("pass"), 0)
        self.assertIn("kvm on microvm", self.text)
        self.assertEqual(self.err, "")

    def test_auto_falls_back(self):
        self.fallback("kvm_dies", "KVM internal error")
        self.fallback("kvm_dies", "KVM internal error")
        self.assertEqual(self.trials, 2)     # the second time from the cache

    def test_auto_when_kvm_hangs(self):
        self.patch("TRIAL_SECONDS", 0.5)
        self.fallback("kvm_hangs", "did not answer")

    def test_auto_when_kvm_is_slow(self):
        self.fallback("slow_kvm", "1.0 million loops a second")

    def test_auto_when_absent_or_forbidden(self):
        self.forbid()
        self.fallback("pass", "may not open it")
        self.device.unlink()

    # -- the cache -------------------------------------------------------------

    def test_cache_holds_until_the_image_changes(self):
        self.main("pass")
        self.main("pass")
        self.assertEqual(self.trials, 1)
        (self.build / "faultline.elf").write_bytes(b"another image")
        self.main("pass")
        self.assertEqual(self.trials, 2)

    def test_cached_failure_is_tried_again_when_kvm_is_asked_for(self):
        self.main("kvm_dies")
        self.assertEqual(self.main("pass", "--mode", "kvm"), 0)

    def test_broken_cache(self):
        self.out.mkdir()
        for text in ("", "[]", '{"key": 1}', "{"):
            (self.out / ".accel-cache.json").write_text(text)
            self.assertEqual(self.main("pass"), 0, self.err)


class Grade(unittest.TestCase):
    def grade(self, mode="kvm", loops=1e9, module="kvm_intel", guest=False, hardware=True):
        with mock.patch.object(host, "kvm_module", lambda: module), \
                mock.patch.object(host, "is_guest", lambda: guest), \
                mock.patch.object(host, "paging_in_hardware", lambda: hardware):
            return host.grade(mode, loops)

    def test_an_emulated_kernel_has_more_time(self):
        args = SimpleNamespace(gdb=False, timeout=None, smp=4, explore=None)
        fast, slow = (session.time_limit(args, "kvm", grade) for grade in "AC")
        self.assertEqual((fast, slow), (60.0, 180.0))

    def test_grades(self):
        self.assertEqual(self.grade(), "A")
        self.assertEqual(self.grade(guest=True), "B")
        self.assertEqual(self.grade(loops=1e6), "C")
        self.assertEqual(self.grade(module="kvm_pvm"), "C")
        self.assertEqual(self.grade(hardware=False), "C")
        self.assertEqual(self.grade(mode="replay"), "T")

    def test_host_facts(self):
        self.assertTrue(host.is_guest("flags\t\t: fpu hypervisor lm\n"))
        self.assertFalse(host.is_guest("flags\t\t: fpu lm\n"))
        with tempfile.TemporaryDirectory() as place:
            self.assertEqual(host.kvm_module(Path(place)), "")
            Path(place, "kvm_amd", "parameters").mkdir(parents=True)
            Path(place, "kvm_amd", "parameters", "npt").write_text("0\n")
            self.assertEqual(host.kvm_module(Path(place)), "kvm_amd")
            self.assertFalse(host.paging_in_hardware(Path(place)))


if __name__ == "__main__":
    unittest.main()
