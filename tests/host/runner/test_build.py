# SPDX-License-Identifier: GPL-2.0-only
"""When the image is built, and what is shown of it."""

import contextlib
import io
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base import ROOT  # noqa: F401  (sets the path)
from runner import build, machine
from runner.common import BROKEN, Error

GOOD = "all:\n\tmkdir -p $(BUILD)\n\techo x >> $(BUILD)/faultline.elf\n" \
       "\ttouch $(BUILD)/initrd.cpio $(BUILD)/utest\niso: all\n\ttouch $(BUILD)/faultline.iso\n" \
       "glibc:\n\ttouch $(BUILD)/utest-glibc\n"


@unittest.skipUnless(shutil.which("make"), "make is not installed")
class Build(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        self.built = self.root / "build"
        (self.root / "mm").mkdir()
        self.source = self.root / "mm" / "vma.c"
        self.source.write_text("")
        self.makefile(GOOD)

    def makefile(self, text):
        (self.root / "Makefile").write_text(text)

    def ensure(self, machine_name="microvm", no_build=False, arch=machine.X86_64):
        """The number of builds so far; what was shown is in self.err."""
        err = io.TextIOWrapper(io.BytesIO(), write_through=True)
        with mock.patch.object(build, "ROOT", self.root), contextlib.redirect_stderr(err), \
                mock.patch.dict(os.environ, {"BUILD": str(self.built)}):
            try:
                build.ensure(arch, machine_name, no_build)
            finally:
                self.err = err.buffer.getvalue().decode()
        elf = self.built / "faultline.elf"
        return len(elf.read_text().split()) if elf.exists() else 0

    def make_old(self):
        for path in (self.root / "Makefile", self.source):
            os.utime(path, (1, 1))

    def test_built_when_missing_and_only_then(self):
        self.make_old()
        self.assertEqual(self.ensure(), 1)
        self.assertEqual(self.ensure(), 1)

    def test_built_when_a_source_is_newer(self):
        self.make_old()
        self.ensure()
        os.utime(self.source, (2 ** 31, 2 ** 31))
        self.assertEqual(self.ensure(), 2)

    def test_iso_has_its_own_target(self):
        self.ensure("iso")
        self.assertTrue((self.built / "faultline.iso").exists())

    def test_glibc_program_has_its_own_target(self):
        with self.assertRaisesRegex(Error, "make ARCH=x86_64 glibc"):
            self.ensure(build.GLIBC, no_build=True)
        self.built.mkdir()
        self.ensure(build.GLIBC)
        self.assertTrue((self.built / "utest-glibc").exists())

    def test_program_alone_is_built_again(self):
        self.make_old()
        self.ensure("utest")
        (self.built / "utest").unlink()
        self.assertEqual(self.ensure("utest"), 2)
        self.assertTrue((self.built / "utest").exists())

    def test_other_page_size_is_a_setting(self):
        with self.assertRaisesRegex(Error, "make ARCH=ppc64le PAGE_SIZE=64k$"):
            self.ensure("pseries", True, machine.get("ppc64le", "64k"))
        with self.assertRaisesRegex(Error, "make ARCH=ppc64le$"):
            self.ensure("pseries", True, machine.get("ppc64le", "4k"))

    def test_failure_is_shown(self):
        self.makefile("all:\n\t@echo vma.c:1: oh no; exit 1\n")
        with self.assertRaisesRegex(Error, "the build failed: make -s ARCH=x86_64") as caught:
            self.ensure()
        self.assertEqual(caught.exception.code, BROKEN)
        self.assertIn("vma.c:1: oh no", self.err)

    def test_no_build(self):
        with self.assertRaisesRegex(Error, "is missing"):
            self.ensure(no_build=True)

    def test_flags_of_an_outer_make_do_not_leak(self):
        with mock.patch.dict(os.environ, {"MAKEFLAGS": "n"}):
            self.assertEqual(self.ensure(), 1)


if __name__ == "__main__":
    unittest.main()
