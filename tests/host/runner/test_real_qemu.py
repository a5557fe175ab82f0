# SPDX-License-Identifier: GPL-2.0-only
"""The command lines against the real QEMU, with a guest of a few instructions.

The guest is an ELF64 file with a PVH note, made here byte by byte: it writes a
text to each channel and a value to the exit device, or goes wrong on purpose.
"""

import shutil
import struct
import subprocess
import unittest

from base import World

BASE = 0x100000
PORTS = {"console": 0x3f8, "stdout": 0xe9, "stderr": 0xea, "trace": 0xeb, "control": 0xec}
REPORT = "KTAP version 1\n1..1\nok 1 tiny\n" \
         "# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:0\n"
HANG = b"\xf4\xeb\xfd"          # hlt; jmp to it
TRIPLE_FAULT = b"\x0f\x01\x1d" + struct.pack("<I", BASE) + b"\x0f\x0b"  # a bad lidt; ud2


def say(port, at, size):
    """mov esi; mov ecx; mov edx; rep outsb"""
    return struct.pack("<BIBIBI", 0xbe, at, 0xb9, size, 0xba, port) + b"\xf3\x6e"


def leave(value):
    """mov eax; mov edx; out dx, eax"""
    return struct.pack("<BIBI", 0xb8, value, 0xba, 0xf4) + b"\xef"


def kernel(texts, end):
    """An ELF64 image that says each text on its channel and then does `end`."""
    headers = 64 + 2 * 56
    note = struct.pack("<III", 4, 8, 18) + b"Xen\0"
    code_at = headers + len(note) + 8
    data_at = code_at + 17 * len(texts) + len(end) + len(HANG)
    code, data = b"", b""
    for channel, text in texts.items():
        code += say(PORTS[channel], BASE + data_at + len(data), len(text))
        data += text
    body = note + struct.pack("<Q", BASE + code_at) + code + end + HANG + data
    size = headers + len(body)
    head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, BASE + code_at, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 7, 0, BASE, BASE, size, size, 4096)
    notes = struct.pack("<IIQQQQQQ", 4, 4, headers, BASE + headers, BASE + headers,
                        len(note) + 8, len(note) + 8, 4)
    return head + load + notes + body


@unittest.skipUnless(shutil.which("qemu-system-x86_64"), "qemu-system-x86_64 is not installed")
class Real(World):
    def boot(self, texts, end, *options):
        texts = {name: text.encode() for name, text in texts.items()}
        (self.build / "faultline.elf").write_bytes(kernel(texts, end))
        return self.run_qemu("", *options, QEMU="")

    def test_machines_and_modes(self):
        for options in (["--machine", "microvm"], ["--machine", "q35"], ["--machine", "pc"],
                        ["--mode", "parallel"], ["--mode", "replay"], ["--smp", "64"],
                        ["--cpu", "max"], ["--mem", "1G"]):
            with self.subTest(options=options):
                done = self.boot({"console": REPORT}, leave(0x10), *options)
                self.assertEqual(done.code, 0, done.out + done.err)

    def test_channels(self):
        done = self.boot({"stdout": "out", "stderr": "err", "control": "exec_status=7\n",
                          "trace": "[]"}, leave(0x10), "--exec", self.program())
        self.assertEqual((done.code, done.out, done.err), (7, "out", "err"))
        self.assertEqual((self.out / "latest" / "trace.bin").read_text(), "[]")

    def test_exit_values(self):
        for value, code in ((0x11, 126), (0x13, 126), (0x14, 126), (0x15, 2), (0, 125)):
            done = self.boot({"console": "# error: as planned\n"}, leave(value))
            self.assertEqual(done.code, code, done.out + done.err)

    def test_triple_fault(self):
        done = self.boot({"console": "# here it comes\n"}, TRIPLE_FAULT)
        self.assertEqual(done.code, 126, done.err)
        self.assertIn("triple fault", done.out)
        self.assertIn("here it comes", done.out)

    def test_hang_leaves_registers(self):
        done = self.boot({"console": "# hanging\n"}, HANG, "--timeout", "1")
        self.assertEqual(done.code, 124)
        text = (self.out / "latest" / "registers.txt").read_text()
        self.assertEqual(text.count("CPU#"), 4)

    def test_not_a_kernel(self):
        (self.build / "faultline.elf").write_bytes(b"image")
        done = self.run_qemu("", "--timeout", "20", QEMU="")
        self.assertEqual(done.code, 125, done.out + done.err)

    def test_too_little_memory(self):
        (self.build / "initrd.cpio").write_bytes(bytes(3 << 20))
        done = self.boot({"console": REPORT}, leave(0x10), "--mem", "2")
        self.assertEqual(done.code, 126, done.out + done.err)
        self.assertIn("2 MiB", done.err)

    def test_unknown_cpu(self):
        done = self.boot({"console": REPORT}, leave(0x10), "--cpu", "z80")
        self.assertEqual(done.code, 125)
        self.assertIn("z80", done.err)

    def test_dry_run_line_can_be_pasted(self):
        self.boot({"console": REPORT}, leave(0x10))
        line = self.run_qemu("", "--dry-run", QEMU="").out
        done = subprocess.run(line, shell=True, cwd=self.place, timeout=60)
        self.assertEqual(done.returncode, 33)
        self.assertEqual((self.out / "dry-run" / "console.log").read_text(), REPORT)


if __name__ == "__main__":
    unittest.main()
