# SPDX-License-Identifier: GPL-2.0-only
"""The sample of `make check`: what must become of each mutant, and that nothing else passes."""

import contextlib
import io
import unittest

import base
from mutants import generate, judged, sample
from mutants.operators import Mutant, number
from runner import kill
from runner.common import Error

VERDICTS = {"mm/a.c: f: drop: same": ("equivalent", "w"), "mm/a.c: f: drop: slow":
            ("performance", "w"), "mm/a.c: f: drop: missed": ("hole", "w")}


def people(*texts):
    return number([Mutant("mm/a.c", "f", "drop", text, 1) for text in texts])


class Sample(unittest.TestCase):
    def run_with(self, **outcomes):
        mutants, out = people(*outcomes), io.StringIO()
        by_number = {mutant.id: (outcomes[mutant.text], "") for mutant in mutants}
        with contextlib.redirect_stdout(out):
            bad = sample.run(mutants, by_number.get, VERDICTS, 1)
        return bad, out.getvalue()

    def test_as_expected(self):
        self.assertEqual(self.run_with(x=kill.KILLED, same=kill.SURVIVED, slow=kill.SURVIVED)[0], 0)

    def test_survivor_that_must_die(self):
        for verdict in (kill.SURVIVED, kill.NOT_REACHED):
            bad, text = self.run_with(x=verdict)
            self.assertEqual(bad, 1)
            self.assertIn("expected: killed", text)
        self.assertEqual(self.run_with(missed=kill.SURVIVED)[0], 1)

    def test_death_of_what_differs_in_nothing(self):
        bad, text = self.run_with(same=kill.KILLED)
        self.assertEqual(bad, 1)
        self.assertIn("expected: survived", text)

    def test_names(self):
        self.assertEqual(sample.names_in("# x\n\nmm/a.c: f: drop: x\n"), ["mm/a.c: f: drop: x"])
        mutants = people("x", "y", "z")
        self.assertEqual([mutant.text for mutant in sample.chosen(mutants, [
            "mm/a.c: f: drop: z", "mm/a.c: f: drop: x"])], ["z", "x"])
        with self.assertRaises(Error):
            sample.chosen(mutants, ["mm/a.c: f: drop: gone"])

    def test_the_project_s_sample_has_both_kinds(self):
        names = sample.names_in(sample.FILE.read_text())
        verdicts = judged.load(generate.PARSED_FOR)
        wanted = {sample.wanted_verdict(name, verdicts) for name in names}
        self.assertEqual(wanted, {kill.KILLED, kill.SURVIVED})
        self.assertTrue((base.ROOT / "tests" / "mutants" / "sample.txt").samefile(sample.FILE))


if __name__ == "__main__":
    unittest.main()
