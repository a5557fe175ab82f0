# SPDX-License-Identifier: GPL-2.0-only
"""Exploration survives guests that die of a schedule, and tells how to repeat it."""

import json
import unittest
from types import SimpleNamespace
from unittest import mock

from base import World
from runner import check, explore, profiles


class Explore(World):
    def test_goes_on_behind_a_death(self):
        done = self.run_qemu("explore", "--explore", "10", "--quiet", "--mode", "replay")
        self.assertEqual(done.code, 1, done.out + done.err)
        self.assertIn("found    tlb.lazy, schedule 3: the kernel panicked", done.out)
        self.assertIn("--preempt=1:b*2", done.out)
        self.assertIn("found    tlb.lazy, schedule 7: failed", done.out)
        self.assertIn("--preempt=1:d tlb.lazy", done.out)
        words = [json.loads(path.read_text())["words"]
                 for path in self.out.glob("*/results.json")]
        self.assertEqual(sum("explore_from=tlb.lazy:4" in text for text in words), 1)
        self.assertIn("schedule 3: the kernel panicked; repeats from a fresh boot", done.out)
        self.assertIn("schedule 7: failed; DOES NOT REPEAT from a fresh boot", done.out)

    def test_leaves_what_it_came_to(self):
        place = self.place / "dir"
        self.run_qemu("explore", "--explore", "10", "--quiet", "--mode", "replay",
                      "--run-dir", str(place))
        explored = json.loads((place / "explore.json").read_text())
        self.assertEqual((explored["ran"], explored["failed"]), (9, 2))
        self.assertEqual([(one["schedule"], one["list"], one["repeats"])
                          for one in explored["found"]],
                         [("3", "1:b*2", True), ("7", "1:d", False)])

    def judged(self, code, bug, **explored):
        (self.place / "explore.json").write_text(json.dumps(explored))
        entry = profiles.Entry(2, "replay", globs=("explore.x",), explore="9", bug=bug)
        return check.judge_explored(entry, check.Outcome("explored", code), self.place)

    def test_check_wants_the_defect_found_and_repeated(self):
        one = {"schedule": "3", "list": "1:b", "repeats": True}
        good = self.judged(1, "x", ran=3, found=[one])
        self.assertEqual((good.code, good.reason),
                         (0, "found by schedule 3, repeats: preempt=1:b"))
        for code, found, why in ((0, [], "9 schedules did not find the defect"),
                                 (1, [{**one, "repeats": False}], "preempt=1:b does not repeat"),
                                 (125, [one], "did not find")):
            bad = self.judged(code, "x", ran=9, found=found)
            self.assertEqual(bad.code, 1)
            self.assertIn(why, bad.text)

    def test_check_wants_all_schedules_to_pass(self):
        self.assertEqual(self.judged(0, "", ran=7, found=[]).reason, "all 7 schedules passed")
        self.assertIn("a schedule failed", self.judged(1, "", ran=7, found=[]).text)
        self.assertIn("no schedule was run", self.judged(0, "", ran=0, found=[]).text)

    def row(self, **found):
        """Of the table of all defects, and how many explorations it took."""
        one = explore.Found("explore.x_spf", "3", "1:b", "failed", repeats=True, **found)
        seen = SimpleNamespace(found=[one], ran=5, failed=2)
        with mock.patch.object(explore, "explored", return_value=seen) as explored:
            return explore.seek(None, None, "x"), explored.call_count

    def test_row_of_a_defect(self):
        self.assertEqual(self.row(), (("x", "x_spf", "3", 5, "2 of 5", "`1:b`", "yes"), 2))

    def test_one_that_hangs_is_not_explored_to_the_end(self):
        self.assertEqual(self.row(hangs=True),
                         (("x", "x_spf", "3", 5, "hangs", "`1:b`", "yes"), 1))

    def test_until_fail_ends_with_the_first(self):
        done = self.run_qemu("explore", "--explore", "10", "--quiet", "--until-fail",
                             "--mode", "replay")
        self.assertEqual(done.code, 126)
        self.assertNotIn("schedule 7", done.out)

    def test_only_in_replay(self):
        for option in (("--explore", "5"), ("--preempt", "none")):
            done = self.run_qemu("pass", *option)
            self.assertEqual(done.code, 2)
            self.assertIn("needs --mode replay", done.err)

    def test_refused(self):
        for options, words in (
                (("--explore", "some"), "--explore some: a number of schedules, or all"),
                (("--explore", "0"), "--explore 0: a number of schedules, or all"),
                (("--explore", "5", "--preempt", "none"), "does not go with"),
                (("--explore", "5", "--repeat", "2"), "does not go with"),
                (("--explore", "5", "--list"), "goes with tests")):
            done = self.run_qemu("pass", *options, "--mode", "replay")
            self.assertEqual(done.code, 2, words)
            self.assertIn(words, done.err)

    def test_words(self):
        done = self.run_qemu("pass", "--preempt", "0:a,1:b*2", "tlb", "--mode", "replay")
        self.assertEqual(done.code, 0, done.out + done.err)
        self.assertIn("preempt=0:a,1:b*2", self.results()["words"])


if __name__ == "__main__":
    unittest.main()
