# SPDX-License-Identifier: GPL-2.0-only
"""The kill matrix of the bug switches: the judge, the tables, the cells."""

import contextlib
import io
import re
import unittest
from dataclasses import replace
from types import SimpleNamespace
from pathlib import Path

from base import ROOT, results
from mutants import switches
from runner import kill, profiles
from runner.profiles import PPC, X86, Entry, Undecided

RED = [Entry(2, globs=("lookup",), bug="one"), Entry(4, globs=("tlb",), bug="two", arch=PPC)]
HIT = {"bug_one_hits": "3"}
FAILED = results(("lookup.mark", "fail", "mark: expected x"), control=HIT)


class Judge(unittest.TestCase):
    def test_failed_expectation_kills(self):
        self.assertEqual(kill.judge(1, FAILED, 3), (kill.KILLED, "mark: expected x"))

    def test_bad_sign_kills(self):
        found = results(("a.b", "pass", ""), signs=["# WARN: x"])
        self.assertEqual(kill.judge(1, found, 1), (kill.KILLED, "WARN: x"))
        self.assertEqual(kill.judge(126, results(signs=["panic: y"]), 1)[0], kill.KILLED)

    def test_defect_that_was_not_reached_is_never_killed(self):
        verdict, why = kill.judge(1, FAILED, 0)
        self.assertEqual(verdict, kill.NOT_REACHED)
        self.assertIn("yet mark: expected x", why)

    def test_pass_is_survival(self):
        self.assertEqual(kill.judge(0, results(("a.b", "pass", "")), 9)[0], kill.SURVIVED)

    def test_test_that_proved_nothing_does_not_kill(self):
        found = results(("a.b", "error", "the schedule was not used"))
        self.assertEqual(kill.judge(1, found, 9)[0], kill.SURVIVED)

    def test_slow_or_broken_run_does_not_kill(self):
        for code in (124, 125, 2):
            self.assertEqual(kill.judge(code, FAILED, 9)[0], kill.SURVIVED)

    def test_hits(self):
        self.assertEqual(kill.hits_of(FAILED, "one"), 3)
        self.assertEqual(kill.hits_of(FAILED, "two"), 0)
        self.assertEqual(kill.hits_of({}, "one"), 0)


class Tables(unittest.TestCase):
    def test_each_switch_has_a_killer_and_each_killer_a_switch(self):
        names = switches.switch_names()
        self.assertGreater(len(names), 7)
        self.assertEqual(list(switches.table_problems(names)), [])

    def test_each_switch_is_used_in_the_code(self):
        text = "".join(path.read_text() for folder in ("kernel", "mm", "arch", "lab")
                       for path in Path(ROOT / folder).rglob("*.[ch]"))
        used = set(re.findall(r"\bbug(?:_every)?\((\w+)[,)]", text))
        self.assertEqual(set(switches.switch_names()) - used, set(),
                         "stands in lab/bug.h and nowhere else")

    def test_names(self):
        text = '#define BUG_LIST(X) \\\n\tX(one, "w X(no)") \\\n\tX(two, "w")\n\nX(three, "")\n'
        self.assertEqual(switches.switch_names(text), ["one", "two"])
        self.assertEqual(switches.switch_names("nothing\n"), [])

    def test_problems(self):
        undecided = [Undecided("two", PPC, "", Entry(1), 2, ""),
                     Undecided("gone", PPC, "", Entry(1), 2, "")]
        found = list(switches.table_problems(["one", "two", "three"], RED, undecided, []))
        self.assertEqual([line.split()[0] for line in found], ["three", "gone", "two"])
        found = list(switches.table_problems(["one", "two"], RED, [], RED[:1]))
        self.assertEqual(found, ["one stands in RED and in HARMLESS of tools/runner/profiles.py"])

    def test_killer_serves_both_architectures(self):
        cells = switches.matrix_of(["one", "two"], [X86, PPC], RED, [])
        self.assertEqual([[entry.arch for entry in cell.killers] for cell in cells],
                         [[X86], [PPC], [X86], [PPC]])


class FakeDriver:
    """Answers a boot by its options: codes and results by what is in them."""

    def __init__(self, red=(1, FAILED), green=(0, {}), probe=(2, "no such machine")):
        self.red, self.green, self.probe = red, green, probe
        self.dir, self.lines = Path("."), []

    def child(self, options, place):
        self.lines.append(options)
        if "--append" in options:
            return self.probe[0], self.probe[1], {}
        code, found = self.red if "--bug" in options else self.green
        return code, "", found


class Cells(unittest.TestCase):
    def cell(self, driver, killers=RED[:1], undecided=None):
        cell = switches.Cell("one", X86, list(killers), undecided)
        return switches.Matrix(driver).cell(cell)

    def test_killed(self):
        cell = self.cell(FakeDriver())
        self.assertEqual(cell.verdict, kill.KILLED)
        self.assertEqual(cell.notes, ["lookup, 3 hits: mark: expected x"])

    def test_red_without_the_switch_is_no_kill(self):
        cell = self.cell(FakeDriver(green=(1, {"message": "a test failed"})))
        self.assertEqual(cell.verdict, switches.BROKEN)
        self.assertIn("red without the switch too: a test failed", cell.notes[0])

    def test_survivor_and_unreached(self):
        passed = FakeDriver(red=(0, results(control=HIT)))
        self.assertEqual(self.cell(passed).verdict, kill.SURVIVED)
        unreached = FakeDriver(red=(1, results(("a.b", "fail", "w"))))
        self.assertEqual(self.cell(unreached).verdict, kill.NOT_REACHED)

    def test_switch_that_is_no_defect(self):
        for driver, verdict in ((FakeDriver(red=(0, results(control=HIT))), switches.HARMLESS),
                                (FakeDriver(red=(0, results())), kill.NOT_REACHED),
                                (FakeDriver(), switches.BROKEN)):
            cell = switches.Cell("one", X86, list(RED[:1]), harmless=True)
            self.assertEqual(switches.Matrix(driver).cell(cell).verdict, verdict)

    def test_switch_without_killer(self):
        self.assertEqual(self.cell(FakeDriver(), killers=()).verdict, switches.NO_KILLER)

    def test_green_run_is_shared(self):
        driver = FakeDriver()
        matrix = switches.Matrix(driver)
        for bug in ("one", "two"):
            matrix.cell(switches.Cell(bug, X86, [replace(RED[0], bug="one")]))
        self.assertEqual(len(driver.lines), 3)

    def test_green_runs_at_once_have_a_place_each(self):
        driver, places = FakeDriver(), []
        matrix = switches.Matrix(driver)

        def boot(entry, place):
            places.append(place)
            if len(places) == 1:    # another one begins before this one has ended
                matrix.green(Entry(2, globs=("other",)))
            return 0, "", {}
        matrix.boot = boot
        matrix.green(Entry(2, globs=("one",)))
        self.assertEqual(len(set(places)), 2)

    def test_probe_must_agree(self):
        probe = Undecided("one", X86, "why", Entry(1, extra=("--append", "x=y")), 2, "no such")
        self.assertEqual(self.cell(FakeDriver(), undecided=probe).verdict, kill.UNDECIDED)
        liar = FakeDriver(probe=(0, ""))
        self.assertEqual(self.cell(liar, undecided=probe).verdict, switches.BROKEN)

    def test_what_is_told(self):
        cells = [self.cell(FakeDriver()), self.cell(FakeDriver(), killers=())]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            switches.tell(cells, [X86])
        self.assertIn("one, x86_64: lookup, 3 hits: mark: expected x\n", out.getvalue())
        self.assertEqual(switches.totals(cells), "1 killed, 0 survived, 0 not reached, "
                         "0 not decidable here, 1 no killer")

    def test_glob_that_matches_nothing(self):
        with self.assertRaises(switches.Error):
            switches.chosen(SimpleNamespace(only="no_such_switch"))

    def test_red_table_is_what_check_runs(self):
        self.assertTrue(set(profiles.RED) <= set(profiles.CHECK))


if __name__ == "__main__":
    unittest.main()
