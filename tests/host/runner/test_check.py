# SPDX-License-Identifier: GPL-2.0-only
"""The profiles: one line an entry, one total, one merged JUnit file, one exit code."""

import contextlib
import io
import os
import unittest
import xml.etree.ElementTree as ET
from unittest import mock

from base import World
from runner import check, cli, profiles, replay


class Profiles(World):
    def profile(self, name, script):
        return self.run_qemu(script, "--profile", name, "--junit", "all.xml")

    def shortened(self, name, table, entries, script):
        """A long profile with only its first entries, in this process."""
        out = io.StringIO()
        with mock.patch.object(profiles, table, getattr(profiles, table)[:entries]), \
                mock.patch.dict(os.environ, self.environment(script)), \
                contextlib.redirect_stdout(out):
            code = cli.main(["--no-build", "--profile", name])
        return code, out.getvalue()

    def test_smoke(self):
        done = self.profile("smoke", "pass")
        self.assertEqual(done.code, 0, done.out + done.err)
        lines = done.out.splitlines()
        self.assertEqual(sum(line.startswith("ok ") for line in lines), len(profiles.SMOKE))
        number = len(profiles.SMOKE)
        self.assertEqual(lines[-1], f"{2 * number} passed, 0 failed, {number} skipped")
        cases = list(ET.parse(self.place / "all.xml").getroot().iter("testcase"))
        names = {(case.get("classname"), case.get("name")) for case in cases}
        self.assertEqual((len(cases), len(names)), (3 * number, 3 * number))

    def test_failure_is_shown(self):
        done = self.profile("smoke", "fail")
        self.assertEqual(done.code, 1)
        self.assertIn("| FAILED lock.abba", done.out)
        self.assertIn("--mode interleaved --seed 0x1", done.out)

    def test_broken_run_counts_as_failed(self):
        done = self.profile("smoke", "killed")
        self.assertEqual(done.code, 125)
        self.assertEqual(done.out.splitlines()[-1], "0 passed, 4 failed, 0 skipped")

    def test_deadlock_100(self):
        self.assertEqual(len(profiles.DEADLOCK_100), 100)
        code, text = self.shortened("deadlock-100", "DEADLOCK_100", 4, "pass")
        self.assertEqual(code, 0, text)
        self.assertIn("4 of 4 seeds passed", text)

    def test_replay_check(self):
        self.assertEqual(len(profiles.REPLAY_CHECK), 10)
        code, text = self.shortened("replay-check", "REPLAY_CHECK", 3, "pass")
        self.assertEqual(code, 0, text)
        self.assertEqual(text.splitlines()[-1], "4 passed, 0 failed, 0 skipped")

    def test_replay_check_finds_an_unsteady_log(self):
        code, text = self.shortened("replay-check", "REPLAY_CHECK", 1, "unsteady")
        self.assertEqual(code, 1)
        self.assertIn("line 1 differs", text)

    def test_replay_check_finds_a_seed_without_effect(self):
        code, text = self.shortened("replay-check", "REPLAY_CHECK", 2, "monotone")
        self.assertEqual(code, 1)
        self.assertIn("1 of 2 seeds gave a schedule that another gave too", text)

    def test_run(self):
        done = self.run_qemu("pass", "--profile", "run")
        self.assertIn("64 CPUs", done.out)
        self.assertEqual(done.out.splitlines()[-1], "2 passed, 0 failed, 1 skipped")


class Parts(unittest.TestCase):
    def test_exit_code(self):
        for codes, code in (([0, 0], 0), ([77, 0], 0), ([77], 77), ([124, 1], 1), ([0, 125], 125),
                            ([2, 0], 2), ([125, 126], 126)):
            self.assertEqual(check.exit_code(codes), code)

    def test_names_are_unique(self):
        for table in (profiles.CHECK, profiles.SMOKE, profiles.DEADLOCK_100):
            self.assertEqual(len({entry.name for entry in table}), len(table))

    def test_first_difference(self):
        self.assertEqual(replay.first_difference(b"a\nb", b"a\nb"), "")
        self.assertIn("line 2", replay.first_difference(b"a\nb", b"a\nc"))
        self.assertIn("longer", replay.first_difference(b"a\n", b"a\nb\n"[:2] + b"\n"))


if __name__ == "__main__":
    unittest.main()
