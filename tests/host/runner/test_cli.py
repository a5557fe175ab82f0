# SPDX-License-Identifier: GPL-2.0-only
"""Bad input of every kind: a message that says what is wrong, and the right exit code."""

import os
import shutil
import subprocess
import unittest

from base import HERE, ROOT, World


class Usage(World):
    def refuse(self, words, *options, code=2, script="pass", **more):
        done = self.run_qemu(script, *options, **more)
        self.assertEqual(done.code, code, done.out + done.err)
        self.assertIn("faultline: error: ", done.err)
        self.assertIn(words, done.err)
        self.assertEqual(done.out, "")

    def test_options(self):
        self.refuse("unrecognized arguments: --colour", "--colour")
        self.refuse("--smo", "--smo", "4")
        self.refuse("'four' is not a whole number", "--smp", "four")
        self.refuse("0 is not between", "--smp", "0")
        self.refuse("at most 255 CPUs", "--smp", "300")
        self.refuse("invalid choice: 'fast'", "--mode", "fast")
        self.refuse("--machine vax", "--machine", "vax")
        self.refuse("'lots' is not a size", "--mem", "lots")
        self.refuse("'-3' is not a number of seconds", "--timeout=-3")
        self.refuse("invalid choice: 'birds'", "--list", "birds")
        self.refuse("not a whole number", "--seed", "abc")

    def test_architectures(self):
        self.refuse("multiples of 256 MiB", "--arch", "ppc64le", "--mem", "300")
        self.refuse("there is pseries", "--arch", "ppc64le", "--machine", "q35")
        self.refuse("another machine", "--arch", "ppc64le", "--exec", self.program())
        self.refuse("unknown architecture", "--arch", "vax")
        self.refuse("--page-size 64k: x86_64 has 4k", "--page-size", "64k")
        self.refuse("--page-size 8k: ppc64le has 4k, 64k", "--arch", "ppc64le", "--page-size", "8k")

    def test_values_for_the_kernel(self):
        self.refuse("--bug 'a b'", "--bug", "a b")
        self.refuse("test name 'a b'", "a b")
        self.refuse("--append", "--append", "a\nb")

    def test_programs(self):
        self.refuse("--exec needs a FILE", "--exec")
        self.refuse("there is no such file", "--exec", "nowhere")
        self.refuse("Is a directory", "--exec", str(self.place))
        self.refuse("program headers", "--exec", self.program(cut=True))
        self.refuse("another machine", "--exec", self.program(machine=21))
        self.refuse("dynamically linked", "--exec", self.program(kind=3, interp=True))
        self.refuse("do not go with it", "tlb.*", "--exec", self.program())
        self.refuse("ISO", "--machine", "iso", "--exec", self.program())

    def test_dynamic_program_of_this_host(self):
        path = os.path.realpath(shutil.which("ls") or "/bin/ls")
        self.refuse("faultline: error: --exec", "--exec", path)

    def test_qemu_missing(self):
        self.refuse("QEMU=/nonexistent cannot be run", code=125, QEMU="/nonexistent")

    def test_qemu_not_installed(self):
        tools = self.place / "path"
        tools.mkdir()
        for name in ("python3", "sh", "dirname"):
            (tools / name).symlink_to(shutil.which(name))
        self.refuse("qemu-system-x86_64 was not found; install it", code=125, QEMU="",
                    PATH=str(tools))

    def test_image_missing(self):
        (self.build / "faultline.elf").unlink()
        self.refuse("faultline.elf is missing; build it with", code=125)

    def test_initrd_broken(self):
        (self.build / "initrd.cpio").write_bytes(b"not cpio" * 40)
        self.refuse("not a cpio archive", "--exec", self.program(), code=125)

    def test_out_cannot_be_written(self):
        self.out.write_bytes(b"a file")
        self.refuse("File exists", code=125)


class Launcher(unittest.TestCase):
    def test_no_python(self):
        done = subprocess.run(["/bin/sh", str(ROOT / "run-qemu.sh")], capture_output=True,
                              text=True, env={"PATH": "/nonexistent"})
        self.assertEqual(done.returncode, 125)
        self.assertIn("faultline: error: ", done.stderr)

    def test_help_and_version(self):
        for option, words in (("--help", "exit status"), ("--version", "faultline runner")):
            done = subprocess.run([str(ROOT / "run-qemu.sh"), option], capture_output=True,
                                  text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(words, done.stdout)

    def test_help_names_every_option(self):
        text = subprocess.run([str(ROOT / "run-qemu.sh"), "--help"], capture_output=True,
                              text=True).stdout
        for name in ("arch page-size smp mode machine cpu mem seed timeout fault spf ptl bug sched "
                     "append list show dry-run gdb repeat until-fail exec junit quiet verbose "
                     "no-build").split():
            self.assertIn(f"--{name}", text)


class DryRun(World):
    def line(self, *options):
        done = self.run_qemu("pass", "--dry-run", *options, QEMU="")
        self.assertEqual(done.code, 0, done.err)
        return done.out

    def test_needs_no_image(self):
        shutil.rmtree(self.build)
        self.assertTrue(self.line().startswith("qemu-system-x86_64 -M microvm"))

    def test_modes(self):
        self.assertIn("-accel tcg,thread=single", self.line())
        self.assertIn("-accel tcg,thread=multi", self.line("--mode", "parallel"))
        self.assertIn("-icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm",
                      self.line("--mode", "replay"))
        self.assertIn("-accel kvm", self.line("--mode", "kvm"))

    def test_machines(self):
        self.assertIn("-M pc ", self.line("--machine", "pc"))
        iso = self.line("--machine", "iso", "tlb.*", "lock.*")
        self.assertIn("-M q35 ", iso)
        self.assertIn("-cdrom", iso)
        self.assertIn("string=test=tlb.*,,lock.*", iso)

    def test_words(self):
        line = self.line("--fault=spf", "--spf=v5,-L-9", "--ptl", "trylock", "--bug", "a,b",
                         "--sched", "x>y", "--append", "free=rcu gather=1", "--timeout", "2.5")
        self.assertIn("fault=spf spf=v5,-L-9 ptl=trylock bug=a,b sched=x>y seed=0x1", line)
        self.assertIn("limit=3 free=rcu gather=1'", line)

    def test_gdb(self):
        self.assertIn(" -s -S ", self.line("--gdb"))

    def test_pasted_line_runs(self):
        done = self.run_qemu("pass", "--dry-run")
        again = subprocess.run(done.out, shell=True, cwd=self.place,
                               env=self.environment("pass"))
        self.assertEqual(again.returncode, 33)
        self.assertIn("KTAP", (self.out / "dry-run" / "console.log").read_text())
        self.assertTrue(str(HERE) in done.out)


if __name__ == "__main__":
    unittest.main()
