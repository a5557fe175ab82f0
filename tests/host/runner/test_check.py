# SPDX-License-Identifier: GPL-2.0-only
"""The profiles: one line an entry, one total, one merged JUnit file, one exit code."""

import contextlib
import io
import os
import unittest
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from unittest import mock

from base import World
from runner import check, cli, machine, profiles, replay


class Profiles(World):
    def profile(self, name, script):
        return self.run_qemu(script, "--profile", name, "--junit", "all.xml")

    def shortened(self, name, table, entries, script, *options):
        """A long profile with only its first entries of each architecture, in this process."""
        whole = getattr(profiles, table)
        short = [entry for arch in profiles.MACHINES
                 for entry in [e for e in whole if e.arch == arch][:entries]]
        return self.in_process(name, table, short, script, *options)

    def in_process(self, name, table, entries, script, *options):
        out = io.StringIO()
        with mock.patch.object(profiles, table, entries), \
                mock.patch.dict(os.environ, self.environment(script)), \
                contextlib.redirect_stdout(out):
            code = cli.main(["--no-build", "--profile", name, *options])
        return code, out.getvalue()

    def both(self):
        """QEMU= and BUILD= of the fake world serve every architecture."""
        return mock.patch.object(check, "arch_problem", lambda args, arch: "")

    def test_smoke(self):
        done = self.profile("smoke", "pass")
        self.assertEqual(done.code, 0, done.out + done.err)
        lines = done.out.splitlines()
        self.assertEqual(sum(line.startswith("ok   x86_64 ") for line in lines),
                         sum(entry.arch == "x86_64" for entry in profiles.SMOKE))
        number = sum(entry.arch == "x86_64" for entry in profiles.SMOKE)
        others = len(profiles.SMOKE) - number   # QEMU= is the one for x86_64
        self.assertEqual(sum(line.startswith("skip ppc64le ") for line in lines), others)
        self.assertEqual(lines[-1], f"{2 * number} passed, 0 failed, {number + others} skipped")
        cases = list(ET.parse(self.place / "all.xml").getroot().iter("testcase"))
        names = {(case.get("classname"), case.get("name")) for case in cases}
        self.assertEqual((len(cases), len(names)), (3 * number, 3 * number))

    def test_failure_is_shown(self):
        done = self.profile("smoke", "fail")
        self.assertEqual(done.code, 1)
        self.assertIn("| FAILED lock.abba", done.out)
        self.assertIn("--mode interleaved --seed 0x1", done.out)

    def test_broken_run_counts_as_failed(self):
        done = self.run_qemu("killed", "--profile", "smoke", "--arch", "ppc64le")
        self.assertEqual(done.code, 125)
        number = sum(entry.arch == "ppc64le" for entry in profiles.SMOKE)
        self.assertEqual(done.out.splitlines()[-1], f"0 passed, {number} failed, 0 skipped")

    def test_deadlock_100(self):
        self.assertEqual(len(profiles.DEADLOCK_100), 200)
        with self.both():
            code, text = self.shortened("deadlock-100", "DEADLOCK_100", 4, "pass")
        self.assertEqual(code, 0, text)
        for arch in ("x86_64", "ppc64le"):
            self.assertIn(f"{arch}: 4 of 4 seeds passed\n", text)

    def test_one_architecture(self):
        code, text = self.shortened("deadlock-100", "DEADLOCK_100", 2, "pass", "--arch", "ppc64le")
        self.assertEqual(code, 0, text)
        self.assertIn("ppc64le: 2 of 2 seeds passed", text)
        self.assertNotIn("x86_64", text)

    def test_replay_check(self):
        self.assertEqual(len(profiles.REPLAY_CHECK), 20)
        with self.both():
            code, text = self.shortened("replay-check", "REPLAY_CHECK", 3, "pass")
        self.assertEqual(code, 0, text)
        self.assertEqual(text.splitlines()[-1], "8 passed, 0 failed, 0 skipped")

    def test_replay_check_finds_an_unsteady_log(self):
        code, text = self.shortened("replay-check", "REPLAY_CHECK", 1, "unsteady")
        self.assertEqual(code, 1)
        self.assertIn("line 1 differs", text)

    def programs(self, *statuses):
        """(exit code, text) of a program that ends with 42 and must with each of these."""
        self.program("build/prog")
        entries = [profiles.Entry(1, program=("prog", "x"), status=status) for status in statuses]
        return self.in_process("smoke", "SMOKE", entries, "exec")

    def test_program_passes_as_one(self):
        code, text = self.programs(42)
        self.assertEqual(code, 0, text)
        self.assertEqual(text.splitlines()[-1], "1 passed, 0 failed, 0 skipped")

    def test_program_with_another_status(self):
        code, text = self.programs(42, 0)
        self.assertEqual(code, 1)
        self.assertIn("ended with 42, the program with 42, and 0 was wanted", text)
        self.assertEqual(text.splitlines()[-1], "1 passed, 1 failed, 0 skipped")

    def test_status_of_the_runner_is_not_the_program_s(self):
        entry = profiles.Entry(1, program=("prog",), status=126)
        outcome = check.judge_exec(entry, check.Outcome("prog", 126))
        self.assertEqual(outcome.code, 1)
        self.assertIn("the program with None", outcome.text)

    def deaths(self, *texts):
        """(exit code, text) of a kernel that panics and must say each of these."""
        entries = [profiles.Entry(1, globs=("death.x",), dies=(text,)) for text in texts]
        return self.in_process("smoke", "SMOKE", entries, "panic")

    def test_death_on_purpose_passes(self):
        code, text = self.deaths("panic: ")
        self.assertEqual(code, 0, text)
        self.assertEqual(text.splitlines()[-1], "1 passed, 0 failed, 0 skipped")
        self.assertIn("must die: death.x", text)

    def test_death_must_say_what_it_should(self):
        code, text = self.deaths("of old age")
        self.assertEqual(code, 1)
        self.assertIn("its report has no 'of old age'", text)

    def test_survival_is_a_failure(self):
        entry = profiles.Entry(1, globs=("death.x",), dies=("",))
        outcome = check.judge_death(entry, check.Outcome("death", 0), self.place)
        self.assertEqual(outcome.code, 1)
        self.assertIn("the run ended with 0", outcome.text)

    def test_replay_check_finds_a_seed_without_effect(self):
        code, text = self.shortened("replay-check", "REPLAY_CHECK", 2, "monotone")
        self.assertEqual(code, 1)
        self.assertIn("1 of 2 seeds gave a schedule that another gave too", text)

    def test_run(self):
        done = self.run_qemu("pass", "--profile", "run")
        self.assertIn("64 CPUs", done.out)
        self.assertEqual(done.out.splitlines()[-1], "2 passed, 0 failed, 1 skipped")


class Architectures(unittest.TestCase):
    def problem(self, name, missing=(), main="x86_64", pages="", **environment):
        clean = {key: value for key, value in os.environ.items() if key not in ("QEMU", "BUILD")}
        with mock.patch.object(check.shutil, "which", lambda tool: tool not in missing), \
                mock.patch.dict(os.environ, {**clean, **environment}, clear=True):
            return check.arch_problem(SimpleNamespace(arch=main), machine.get(name, pages))

    def test_problems(self):
        self.assertEqual(self.problem("ppc64le"), "")
        self.assertEqual(self.problem("ppc64le", ["qemu-system-ppc64"]),
                         "qemu-system-ppc64 is not installed")
        self.assertEqual(self.problem("ppc64le", ["powerpc64le-linux-gnu-gcc"]),
                         "powerpc64le-linux-gnu-gcc is not installed")
        self.assertEqual(self.problem("ppc64le", QEMU="q"), "QEMU= is the one for x86_64")
        self.assertEqual(self.problem("ppc64le", BUILD="b"), "BUILD= is the one for x86_64")

    def test_other_pages_are_another_image(self):
        self.assertEqual(self.problem("ppc64le", main="ppc64le", pages="64k", QEMU="q"), "")
        self.assertEqual(self.problem("ppc64le", main="ppc64le", pages="64k", BUILD="b"),
                         "BUILD= is the one for ppc64le")
        self.assertEqual(self.problem("ppc64le", main="ppc64le", BUILD="b"), "")

    def test_main_one_is_never_left_out(self):
        self.assertEqual(self.problem("x86_64", ["gcc"], QEMU="q"), "")

    def test_kvm_is_asked_for_the_architecture(self):
        with mock.patch.object(check.probe, "device_problem", lambda arch: ("x", arch.name)):
            self.assertEqual(check.kvm_problem(SimpleNamespace(arch="ppc64le")), "ppc64le")

    def test_every_boot_names_its_architecture(self):
        for entry in profiles.CHECK + profiles.SMOKE + profiles.DEADLOCK_100:
            options = entry.options()
            self.assertEqual(options[options.index("--arch") + 1], entry.arch)
            self.assertTrue(entry.name.startswith(entry.arch + " smp"), entry.name)
            self.assertIn(options[options.index("--machine") + 1],
                          machine.get(entry.arch).machines)

    def test_program_comes_last(self):
        for entry in profiles.EXEC:
            options = entry.options()
            at = options.index("--exec")
            self.assertTrue(options[at + 1].endswith(f"/{entry.program[0]}"))
            self.assertEqual(tuple(options[at + 2:]), entry.program[1:])
            self.assertIn("--fault", options[:at])


class Parts(unittest.TestCase):
    def test_exit_code(self):
        for codes, code in (([0, 0], 0), ([77, 0], 0), ([77], 77), ([124, 1], 1), ([0, 125], 125),
                            ([2, 0], 2), ([125, 126], 126)):
            self.assertEqual(check.exit_code(codes), code)

    def test_names_are_unique(self):
        for table in (profiles.CHECK, profiles.SMOKE, profiles.DEADLOCK_100,
                      profiles.REPLAY_CHECK):
            self.assertEqual(len({entry.name for entry in table}), len(table))

    def test_first_difference(self):
        self.assertEqual(replay.first_difference(b"a\nb", b"a\nb"), "")
        self.assertIn("line 2", replay.first_difference(b"a\nb", b"a\nc"))
        self.assertIn("longer", replay.first_difference(b"a\n", b"a\nb\n"[:2] + b"\n"))


if __name__ == "__main__":
    unittest.main()
