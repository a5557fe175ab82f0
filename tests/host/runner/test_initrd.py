# SPDX-License-Identifier: GPL-2.0-only
"""The cpio writer against the cpio program, and the checks of programs for --exec."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from base import elf
from runner import initrd
from runner.common import Error
from runner.initrd import Entry


class Archive(unittest.TestCase):
    entries = [Entry("bin", 0o040755), Entry("bin/a", 0o100755, b"12345"),
               Entry("etc/empty", 0o100644, b""), Entry("long" * 20, 0o100644, bytes(1001))]

    def test_round_trip(self):
        self.assertEqual(initrd.unpack(initrd.pack(self.entries)), self.entries)

    def test_two_archives_in_a_row(self):
        blob = initrd.pack(self.entries[:2]) + bytes(300) + initrd.pack(self.entries[2:])
        self.assertEqual(initrd.unpack(blob), self.entries)

    def test_merge_replaces(self):
        merged = initrd.merge(self.entries, [Entry("bin/a", 0o100755, b"new")])
        self.assertEqual([e.data for e in merged if e.name == "bin/a"], [b"new"])

    def test_same_input_same_bytes(self):
        self.assertEqual(initrd.pack(self.entries), initrd.pack(list(self.entries)))

    def test_broken(self):
        blob = initrd.pack(self.entries)
        for bad in (b"garbage", b"x" * 200, blob[:150], b"070701" + b"z" * 200):
            with self.assertRaises(Error):
                initrd.unpack(bad)

    @unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
    def test_cpio_reads_it(self):
        done = subprocess.run(["cpio", "-t", "--quiet"], input=initrd.pack(self.entries),
                              capture_output=True)
        self.assertEqual(done.stdout.decode().split(), [e.name for e in self.entries])

    def test_exec_entries(self):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, "my prog")
            path.write_bytes(b"ELF")
            base, target = Path(place, "base"), Path(place, "target")
            base.write_bytes(initrd.pack([Entry("bin", 0o040755)]))
            initrd.write_merged(base, target, path, ["a b", "", "\udcff"])
            found = {e.name: e.data for e in initrd.unpack(target.read_bytes())}
        self.assertEqual(found["etc/exec-args"], b"/bin/my_prog\0a b\0\0\xff\0")
        self.assertEqual(sorted(found), ["bin", "bin/my_prog", "etc", "etc/exec-args"])


class Elf(unittest.TestCase):
    def problem(self, blob):
        return initrd.elf_problem(blob, 62, "x86_64")

    def test_good(self):
        self.assertEqual(self.problem(elf()), "")
        self.assertEqual(self.problem(elf(kind=3)), "")

    def test_bad(self):
        for blob, words in ((b"#!/bin/sh\n", "not an ELF"), (elf()[:40], "header is cut short"),
                            (elf(bits=1), "64-bit"), (elf(machine=21), "another machine"),
                            (elf(kind=1), "not a program"), (elf(cut=True), "program headers"),
                            (elf()[:119], "program headers|segment"), (b"", "not an ELF"),
                            (elf(kind=3, interp=True), "dynamically linked")):
            self.assertRegex(self.problem(blob), words)


if __name__ == "__main__":
    unittest.main()
