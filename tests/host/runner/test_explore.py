# SPDX-License-Identifier: GPL-2.0-only
"""Exploration survives guests that die of a schedule, and tells how to repeat it."""

import unittest

from base import World


class Explore(World):
    def test_goes_on_behind_a_death(self):
        done = self.run_qemu("explore", "--explore", "10", "--quiet", "--mode", "replay")
        self.assertEqual(done.code, 1, done.out + done.err)
        self.assertIn("found    tlb.lazy, schedule 3: the kernel panicked", done.out)
        self.assertIn("--preempt=1:b*2", done.out)
        self.assertIn("found    tlb.lazy, schedule 7: failed", done.out)
        self.assertIn("--preempt=1:d tlb.lazy", done.out)
        self.assertIn("explore_from=tlb.lazy:4", self.results()["words"])

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
