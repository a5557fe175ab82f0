# SPDX-License-Identifier: GPL-2.0-only
"""What the runner's tests share: a temporary world with a fake QEMU, and a way to run in it."""

import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from runner import initrd  # noqa: E402


def elf(machine=62, kind=2, interp=False, cut=False, bits=2):
    """A small ELF file that loads nothing useful."""
    segments = [struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 120, 120, 4096)]
    if interp:
        segments.append(struct.pack("<IIQQQQQQ", 3, 4, 0, 0, 0, 8, 8, 1))
    head = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0x400078, 64, 0, 0, 64, 56,
                        len(segments), 0, 0, 0)
    blob = head + b"".join(segments) + bytes(64)
    return blob[:90] if cut else blob


class World(unittest.TestCase):
    """Runs ./run-qemu.sh with the fake QEMU and an image of two dummies."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        self.build, self.out = self.place / "build", self.place / "out"
        self.build.mkdir()
        for name in ("faultline.elf", "faultline.iso", "firmware.bin"):
            (self.build / name).write_bytes(b"image")
        (self.build / "initrd.cpio").write_bytes(initrd.pack([initrd.Entry("bin", 0o040755)]))

    def environment(self, script, **more):
        return {**os.environ, "QEMU": str(HERE / "fake_qemu.py"), "FAKE_QEMU": script,
                "BUILD": str(self.build), "OUT": str(self.out), "NO_COLOR": "1", **more}

    def run_qemu(self, script, *options, auto=False, cwd=None, **more):
        """The launcher as a user runs it; interleaved unless told otherwise."""
        mode = [] if auto or "--mode" in options else ["--mode", "interleaved"]
        done = subprocess.run([str(ROOT / "run-qemu.sh"), "--no-build"] + mode + list(options),
                              env=self.environment(script, **more), capture_output=True,
                              timeout=120, cwd=cwd or self.place)
        return SimpleNamespace(code=done.returncode, raw=done.stdout,
                               out=done.stdout.decode(errors="replace"),
                               err=done.stderr.decode(errors="replace"))

    def results(self):
        return json.loads((self.out / "latest" / "results.json").read_text())

    def program(self, name="prog", **shape):
        path = self.place / name
        path.write_bytes(elf(**shape))
        return str(path)
