# SPDX-License-Identifier: GPL-2.0-only
"""The KTAP reader: what it takes, and that it refuses each kind of broken report."""

import unittest

from base import ROOT  # noqa: F401  (sets the path)
from runner import ktap

GOOD = """KTAP version 1
# preamble seed=0x1
1..2
  KTAP version 1
  # Subtest: tlb
  1..2
  # all: rounds=3
  ok 1 all # time_ms=12.5
  ok 2 lazy # SKIP needs PCID
ok 1 tlb # time_ms=12.9
  KTAP version 1
  # Subtest: lock
  1..1
  # abba: tests/lock.c:41: expected a report
  not ok 1 abba # TIMEOUT 30 s
not ok 2 lock
# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0"""


def parse(text):
    parser = ktap.Parser()
    for line in text.split("\n"):
        parser.feed(line)
    return parser.finish()


class Sound(unittest.TestCase):
    def setUp(self):
        self.report = parse(GOOD)

    def test_no_problem(self):
        self.assertEqual(self.report.problems, [])
        self.assertTrue(self.report.complete)

    def test_counts(self):
        self.assertEqual([self.report.count(k) for k in ("passed", "failed", "skipped")],
                         [1, 1, 1])

    def test_cases(self):
        every = [(c.suite, c.name, c.status, c.reason) for c in self.report.cases()]
        self.assertEqual(every, [("tlb", "all", "pass", ""), ("tlb", "lazy", "skip", "needs PCID"),
                                 ("lock", "abba", "timeout", "30 s")])

    def test_times_and_diagnostics(self):
        self.assertAlmostEqual(self.report.cases()[0].seconds, 0.0125)
        self.assertAlmostEqual(self.report.suites[0].seconds, 0.0129)
        self.assertIn("tests/lock.c:41", self.report.cases()[2].diagnostics[0])
        self.assertEqual(self.report.preamble, ["preamble seed=0x1"])

    def test_carriage_returns_and_noise(self):
        report = parse("SeaBIOS\x1b[0m\n" + GOOD.replace("\n", "\r\n") + "\r\nchatter")
        self.assertEqual((report.problems, report.unknown_lines), ([], 2))

    def test_kernel_log_at_the_margin_belongs_to_the_open_test(self):
        report = parse(GOOD.replace("  not ok 1", "# [ 0.1 cpu0] odd\n  not ok 1"))
        self.assertIn("[ 0.1 cpu0] odd", report.cases()[2].diagnostics)

    def test_lone_result_is_a_suite_of_one(self):
        report = parse("KTAP version 1\n1..1\nok 1 boot\n"
                       "# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:0")
        self.assertEqual((report.problems, report.cases()[0].suite), ([], "boot"))

    def test_skip_all(self):
        report = parse("KTAP version 1\n1..0 # SKIP no KVM\n"
                       "# Totals: pass:0 fail:0 xfail:0 xpass:0 skip:0 error:0")
        self.assertEqual((report.problems, report.skip_all), ([], "no KVM"))


class Broken(unittest.TestCase):
    def refuse(self, old, new, words, complete=True):
        self.assertIn(old, GOOD)
        report = parse(GOOD.replace(old, new, 1))
        self.assertTrue(any(words in p for p in report.problems), report.problems)
        self.assertEqual(report.complete, complete)

    def test_empty(self):
        self.assertIn("no KTAP report", parse("").problems[0])

    def test_every_truncation_is_noticed(self):
        lines = GOOD.split("\n")
        for end in range(len(lines)):
            report = parse("\n".join(lines[:end]))
            self.assertFalse(report.complete, f"cut before line {end + 1}")
            self.assertTrue(report.problems)

    def test_numbers(self):
        self.refuse("ok 2 lazy", "ok 3 lazy", "beyond the plan")
        self.refuse("ok 2 lazy", "ok 1 lazy", "has number 1, not 2")

    def test_plans(self):
        self.refuse("  1..2", "  1..3", "planned 3 results and gave 2")
        self.refuse("  1..2\n", "", "before any plan")
        self.refuse("\n1..2", "\n1..2\n1..2", "a second plan")
        self.refuse("1..2", "1..3", "the report planned 3", complete=False)

    def test_names(self):
        self.refuse("ok 2 lazy", "ok 2 all", "two results")
        self.refuse("ok 2 lazy", "ok 2", "without a name")
        self.refuse("ok 1 tlb", "ok 1 tbl", "ends with a result for 'tbl'")

    def test_skip_needs_a_reason(self):
        self.refuse("# SKIP needs PCID", "# SKIP", "without a reason")

    def test_parent_may_not_hide_a_failure(self):
        self.refuse("not ok 2 lock", "ok 2 lock", "although a test of it failed")

    def test_totals(self):
        self.refuse("pass:1 fail:1", "pass:2 fail:0", "Totals line says")
        self.refuse("# Totals", "# Total", "no '# Totals:' line", complete=False)

    def test_depth(self):
        self.refuse("  ok 2 lazy", "    ok 2 lazy", "outside any KTAP block")
        self.refuse("ok 1 tlb", " ok 1 tlb", "outside any KTAP block", complete=False)

    def test_restart(self):
        self.refuse("# Totals", "KTAP version 1\n# Totals", "start twice")

    def test_no_tests(self):
        report = parse("KTAP version 1\n1..0\n# Totals: pass:0 fail:0 xfail:0 xpass:0 "
                       "skip:0 error:0")
        self.assertIn("holds no test", report.problems[0])

    def test_suite_that_fails_without_a_failed_test(self):
        report = parse(GOOD.replace("ok 1 tlb", "not ok 1 tlb", 1))
        self.assertEqual(report.count("failed"), 2)


class Signs(unittest.TestCase):
    def test_bad(self):
        for line in ("# BUG: x", "  # WARN: y", "lockdep: cycle", "# [ 1.0 cpu2] watchdog: z",
                     "panic: no", "# WARNING: w"):
            self.assertTrue(ktap.bad_sign(line), line)

    def test_good(self):
        for line in ("# expected: BUG: x", "  # expected: watchdog: y", "# bug=name", "# DEBUG: x",
                     "# no lockdep report", "ok 1 watchdog"):
            self.assertFalse(ktap.bad_sign(line), line)


if __name__ == "__main__":
    unittest.main()
