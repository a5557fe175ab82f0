# SPDX-License-Identifier: GPL-2.0-only
"""Machine-made mutants: which tests run, how a boot is judged, judgements, the score."""

import contextlib
import io
import signal
import struct
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import base
from base import results
from mutants import campaign, hosted, judged, score
from mutants.operators import Mutant, number
from runner import kill
from runner.common import BROKEN, DIED, FAIL, PASS, TIMEOUT, USAGE, Error

HIT = {"mutant_hits": "1"}


def mutant(text, operator="drop", file="mm/a.c"):
    return Mutant(file, "f", operator, text, 1, source="s")


class Record(unittest.TestCase):
    CONTROL = {"reach_a.one_0": "1" + "0" * 62 + "8", "reach_b.two_x_256": "2", "boot_ns": "5"}

    def test_lines_of_a_record(self):
        self.assertEqual(campaign.reach_of(self.CONTROL), {"a.one": {0, 255}, "b.two_x": {257}})

    def test_records_add_up(self):
        self.assertEqual(campaign.merged([{"a": {1}}, {"a": {2}, "b": {3}}]),
                         {"a": {1, 2}, "b": {3}})

    def test_tests_that_reach_it_in_the_kernel_s_order(self):
        reach = {"b.y": {1, 2}, "a.x": {1}, "c.z": {3}}
        self.assertEqual(campaign.chosen_tests(1, reach, ["a.x", "b.y", "c.z"]), ["a.x", "b.y"])
        self.assertEqual(campaign.chosen_tests(9, reach, ["a.x", "b.y"]), [])

    def test_too_many_names_become_suites(self):
        order = [f"suite{n % 2}.test{n}" for n in range(100)]
        reach = {name: {1} for name in order}
        self.assertEqual(campaign.chosen_tests(1, reach, order), ["suite0", "suite1"])


class Judge(unittest.TestCase):
    def verdict(self, code, *cases, control=HIT, **more):
        return campaign.judge(code, results(*cases, control=control, **more))

    def test_green(self):
        self.assertEqual(self.verdict(PASS), (kill.SURVIVED, ""))
        self.assertEqual(self.verdict(PASS, control={}), (kill.NOT_REACHED, ""))

    def test_red(self):
        self.assertEqual(self.verdict(FAIL, ("a.b", "pass", ""), ("a.c", "fail", "c: no")),
                         (kill.KILLED, "a.c: c: no"))
        self.assertEqual(self.verdict(FAIL, ("a.b", "error", "not used"))[0], kill.KILLED)
        self.assertEqual(self.verdict(DIED, signs=["# panic: x"]), (kill.KILLED, "panic: x"))
        self.assertEqual(self.verdict(TIMEOUT)[0], kill.KILLED)
        self.assertEqual(self.verdict(USAGE)[0], kill.KILLED)

    def test_bad_sign_itself_is_why(self):
        case = ("a.c", "fail", "c: 1 bad sign in the log above")
        self.assertEqual(self.verdict(FAIL, case, signs=["# WARN: x"])[1], "a.c: WARN: x")

    def test_red_without_a_hit_is_no_kill(self):
        found = self.verdict(FAIL, ("a.c", "fail", "c: no"), control={})
        self.assertEqual(found, (kill.NOT_REACHED, "red without a hit: a.c: c: no"))

    def test_broken_emulator_is_no_kill(self):
        self.assertEqual(self.verdict(BROKEN)[0], kill.SURVIVED)


class Stage(unittest.TestCase):
    START, REPLAY, DEBUG, PARALLEL, WIDE, LARGE = campaign.STAGES

    def bare(self):
        one = campaign.Campaign.__new__(campaign.Campaign)
        one.args, one.arch = SimpleNamespace(stages=6, fresh=False), "x86_64"
        return one

    def verdict(self, stage, *boots):
        one = self.bare()
        left = [(code, results(control=HIT)) for code in boots]
        one.boot = lambda *_, **__: left.pop(0)
        return one.stage(mutant("x"), stage, ())[0], len(left)

    def test_one_boot_where_the_guest_s_time_is_its_own(self):
        self.assertEqual(self.verdict(self.REPLAY, FAIL, PASS), (kill.KILLED, 1))
        self.assertEqual(self.verdict(self.REPLAY, TIMEOUT, PASS, TIMEOUT), (kill.KILLED, 0))
        self.assertEqual(self.verdict(self.REPLAY, TIMEOUT, TIMEOUT), (kill.SURVIVED, 0))

    def test_two_red_ones_and_a_green_one_without_it_where_a_busy_host_may_do_it(self):
        for stage in (self.PARALLEL, self.WIDE):
            self.assertEqual(self.verdict(stage, FAIL, PASS, FAIL), (kill.KILLED, 0))
            self.assertEqual(self.verdict(stage, FAIL, PASS, PASS), (kill.SURVIVED, 0))
            self.assertEqual(self.verdict(stage, FAIL, FAIL, FAIL), (kill.SURVIVED, 1))
            self.assertEqual(self.verdict(stage, PASS, FAIL), (kill.SURVIVED, 1))

    def test_another_machine_is_for_code_that_depends_on_it(self):
        wide = [mutant("64", "const"), mutant("cpumask_clear(&m, cpu_id())"), mutant("i < nr_cpus")]
        self.assertTrue(all(self.WIDE.wants(one) for one in wide))
        self.assertFalse(self.WIDE.wants(mutant("x = 640", file="mm/cpumask.c")))
        self.assertTrue(self.LARGE.wants(mutant("x", file="arch/x86_64/mmu.c")))
        self.assertFalse(self.LARGE.wants(mutant("x", file="mm/mmu.c")))
        self.assertTrue(self.REPLAY.wants(mutant("x")))

    def test_tests_of_the_stage_s_own_record(self):
        one = self.bare()
        one.reach = {"": {"a.x": {0}}, "96 CPUs": {"tlb.y": {0}}}
        one.order = ["a.x", "tlb.y"]
        self.assertEqual(one.tests_for(mutant("64"), self.REPLAY), ["a.x"])
        self.assertEqual(one.tests_for(mutant("64"), self.WIDE), ["tlb.y"])
        self.assertEqual(one.tests_for(mutant("x"), self.WIDE), [])

    def prepare(self, todo, *codes, kept=None):
        """The stages that are booted for the records, each with the next of @codes."""
        one, booted, left, saved = self.bare(), [], list(codes), []
        cases = results(("a.x", "pass", ""), control={"reach_a.x_0": "1" + "0" * 63})

        def boot(what, stage, *_, **__):
            booted.append(stage.name)
            return (left.pop(0) if left else PASS), cases

        one.boot, one.reach, one.order, one.image = boot, {}, [], "i"
        one.load = lambda name: kept or {}
        one.save = lambda name, what: saved.append(dict(what))
        one.prepare(todo)
        return booted, one, saved

    ALL = ["replay", "debug", "parallel"]

    def test_records_that_are_needed(self):
        booted, one, _ = self.prepare([mutant("x")])
        self.assertEqual(booted, self.ALL)
        self.assertEqual((one.reach, one.order), ({"": {"a.x": {0}}}, ["a.x"]))
        booted, one, _ = self.prepare([mutant("64"), mutant("x", file="arch/x86_64/mmu.c")])
        self.assertEqual(booted, ["start", *self.ALL, "96 CPUs", "5 GiB"])
        self.assertEqual(set(one.reach), {"start", "", "96 CPUs", "5 GiB"})

    def test_a_record_must_be_green(self):
        self.assertEqual(self.prepare([mutant("x")], PASS, PASS, FAIL)[0][2:], ["parallel"] * 2)
        for codes in ((FAIL,), (PASS, PASS, FAIL, FAIL)):
            with self.assertRaises(Error):
                self.prepare([mutant("x")], *codes)

    def test_records_of_the_same_image_are_kept(self):
        saved = self.prepare([mutant("x")])[2]
        booted, one, _ = self.prepare([mutant("64")], kept=saved[1])
        self.assertEqual(booted, ["parallel", "96 CPUs"])
        self.assertEqual(one.reach[""], {"a.x": {0}})
        self.assertEqual(self.prepare([mutant("x")], kept={**saved[2], "image": "j"})[0], self.ALL)

    def test_what_the_boot_reaches_all_tests_may_notice(self):
        control = {"reach_boot_0": "2" + "0" * 63, "reach_a.x_0": "4" + "0" * 63}
        one = self.bare()
        one.reach, one.order = dict.fromkeys(("", "start"), campaign.reach_of(control)), ["a.x"]
        both, later = mutant("x", file="arch/x86_64/mmu.c"), mutant("y")
        both.id, later.id = 1, 2
        self.assertEqual(one.tests_for(both, self.START), ["boot", "user.hello*"])
        self.assertEqual(one.tests_for(both, self.REPLAY), ["*"])
        self.assertEqual(one.tests_for(both, self.DEBUG), list(campaign.LOOK))
        one.reach[""] = {**one.reach[""], "b.y": {1}}
        self.assertEqual(one.tests_for(both, self.DEBUG), ["*"])
        self.assertEqual(one.tests_for(later, self.REPLAY), ["a.x"])


class Order(unittest.TestCase):
    def test_those_that_are_judged_come_last(self):
        one = campaign.Campaign.__new__(campaign.Campaign)
        people = number([mutant(text) for text in ("known", "judged", "new")])
        one.known, ran = {people[0].key: {"verdict": kill.KILLED, "why": ""}}, []
        one.args, one.prepare = SimpleNamespace(jobs=1), lambda todo: None
        one.hosted = SimpleNamespace(build=lambda jobs: None)
        one.is_known = lambda m: m.key in one.known

        def try_mutant(m):
            ran.append(m.text)
            one.known[m.key] = {"verdict": kill.SURVIVED, "why": ""}
            return m, one.known[m.key]

        one.try_mutant = try_mutant
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            outcomes = one.run(people, {people[1].key: ("equivalent", "w")})
        self.assertEqual(ran, ["new", "judged"])
        self.assertEqual([m.text for m, _ in outcomes], ["known", "judged", "new"])


class Known(unittest.TestCase):
    OLD = {"source": "s", "verdict": kill.KILLED, "mode": hosted.MODE, "why": "red"}

    def known(self, mine, theirs):
        one = campaign.Campaign.__new__(campaign.Campaign)
        one.known, one.others = mine, theirs
        one.image, one.args = "i", SimpleNamespace(stages=3)
        m = mutant("x")
        return one.is_known(m), one.known.get(m.key)

    def test_what_a_program_of_the_host_killed_is_killed_for_the_other_architecture_too(self):
        key = mutant("x").key
        self.assertEqual(self.known({}, {key: self.OLD}), (True, self.OLD))
        self.assertEqual(self.known({}, {key: {**self.OLD, "mode": "replay"}}), (False, None))
        self.assertEqual(self.known({}, {key: {**self.OLD, "source": "t"}}), (False, None))

    def test_only_a_kill_outlasts_the_image(self):
        key, lived = mutant("x").key, {**self.OLD, "verdict": kill.SURVIVED, "stages": 3}
        self.assertTrue(self.known({key: {**lived, "image": "i"}}, {})[0])
        self.assertFalse(self.known({key: {**lived, "image": "j"}}, {})[0])
        self.assertTrue(self.known({key: self.OLD}, {})[0])


class Hosted(unittest.TestCase):
    def test_judge(self):
        self.assertEqual(hosted.judge("vma", 0, "ok 1 - a\n", False), (kill.NOT_REACHED, ""))
        self.assertEqual(hosted.judge("vma", 0, "ok 1 - a\n", True), (kill.SURVIVED, ""))
        self.assertEqual(hosted.judge("vma", 1, "ok 1 - a\nBail out! step 3: x\n", True),
                         (kill.KILLED, "tests/host vma: Bail out! step 3: x"))
        self.assertEqual(hosted.judge("vma", -11, "", True)[0], kill.KILLED)
        for code in (None, -signal.SIGXCPU):
            self.assertEqual(hosted.judge("vma", code, "", True),
                             (kill.KILLED, "tests/host vma: no end within the limit"))
        self.assertEqual(hosted.judge("vma", 1, "Bail out! y\n", False)[0], kill.NOT_REACHED)

    def run_with(self, *outcomes):
        one = hosted.Hosted(base.ROOT, 9)
        left = list(outcomes)
        one.reach = {"fuzz": {5}, "vma": set(), "mm_threads": {5, 6}}
        one.program = lambda name, words, number: left.pop(0)
        return one.run(5), len(left)

    def test_only_programs_that_reach_it_run_up_to_the_first_red(self):
        green, red = (0, "ok", {5}), (1, "Bail out! x", {5})
        self.assertEqual(self.run_with(green, green, green), ((kill.SURVIVED, ""), 1))
        self.assertEqual(self.run_with(red, green)[1], 1)
        self.assertEqual(self.run_with(green, red)[0][0], kill.KILLED)

    def test_processor_time_is_limited_not_waiting(self):
        with tempfile.TemporaryDirectory() as place, \
                mock.patch.object(hosted, "CPU_LIMIT_S", 1), \
                mock.patch.object(hosted, "LIMIT_S", 60):
            one = hosted.Hosted(Path(place), 9)
            one.out.mkdir()
            for name, line, code in (("spins", "while :; do :; done", -signal.SIGXCPU),
                                     ("sleeps", "sleep 2", 0)):
                program = one.out / name
                program.write_text(f"#!/bin/sh\n{line}\n")
                program.chmod(0o755)
                self.assertEqual(one.program(name, (), 5)[0], code, name)

    def test_numbers_that_a_program_tells(self):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "told"
            self.assertEqual(hosted.numbers_in(path), set())
            path.write_bytes(struct.pack("=III", 3, 70000, 3))
            self.assertEqual(hosted.numbers_in(path), {3, 70000})


class Sample(unittest.TestCase):
    PEOPLE = number([mutant(f"x = {n}") for n in range(50)])

    def names(self, *wanted, people=None):
        return [m.text for m in campaign.sample(people or self.PEOPLE, *wanted)]

    def test_draw(self):
        self.assertEqual(len(self.names(None, 10, 1)), 10)
        self.assertEqual(self.names(None, 10, 1), self.names(None, 10, 1))
        self.assertNotEqual(self.names(None, 10, 1), self.names(None, 10, 2))
        self.assertEqual(len(self.names(None, 0, 1)), 50)

    def test_draw_changes_little_with_the_sources(self):
        more = number([mutant("y = 1"), *self.PEOPLE])
        self.assertLessEqual(len(set(self.names(None, 10, 1))
                                 - set(self.names(None, 10, 1, people=more))), 1)

    def test_glob(self):
        self.assertEqual(self.names("mm/a.c*x = 7", 0, 1), ["x = 7"])
        with self.assertRaises(Error):
            self.names("nothing*", 0, 1)


class Judgements(unittest.TestCase):
    def test_file(self):
        text = "# c\n\nmm/a.c: f: drop: x\nmm/a.c: f: drop: y\n    equivalent: no reason\n" \
               "mm/b.c: f: drop: z #2\n\thole: late\n"
        self.assertEqual(judged.parse(text), {
            "mm/a.c: f: drop: x": ("equivalent", "no reason"),
            "mm/a.c: f: drop: y": ("equivalent", "no reason"),
            "mm/b.c: f: drop: z #2": ("hole", "late")})

    def test_verdict_of_one_architecture(self):
        text = "mm/a.c: f: drop: x\n    x86_64: performance: less often there\n"
        self.assertEqual(judged.parse(text, "ppc64le"), {})
        self.assertEqual(judged.parse(text, "x86_64"),
                         {"mm/a.c: f: drop: x": ("performance", "less often there")})

    def test_what_qemu_cannot_show(self):
        text = "mm/a.c: f: drop: x\n    not decidable here: QEMU forgets all\n"
        self.assertEqual(judged.parse(text)["mm/a.c: f: drop: x"][0], kill.UNDECIDED)
        outcomes = self.survivors("x")
        self.assertEqual(score.column_of(*outcomes[0], judged.parse(text)), kill.UNDECIDED)

    @staticmethod
    def survivors(*texts):
        return [(mutant(text), {"verdict": kill.SURVIVED, "why": ""}) for text in texts]

    def test_mistakes(self):
        for text in ("a\n", "    hole: x\n", "a\n    maybe: x\n", "a\n    hole:\n",
                     "a\n    hole: x\na\n    hole: y\n"):
            with self.assertRaises(Error, msg=text):
                judged.parse(text)

    def test_the_project_s_file(self):
        self.assertTrue(judged.FILE.is_file())
        judged.load("x86_64")


class Score(unittest.TestCase):
    def outcomes(self, *verdicts):
        people = number([mutant(f"x = {n}") for n in range(len(verdicts))])
        return [(m, {"verdict": v, "why": ""}) for m, v in zip(people, verdicts)]

    def report(self, outcomes, verdicts):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = score.report(outcomes, verdicts, [m for m, _ in outcomes],
                                SimpleNamespace(arch="x86_64"))
        return code, out.getvalue()

    def test_survivor_that_nobody_judged_fails(self):
        outcomes = self.outcomes(kill.KILLED, kill.SURVIVED)
        name = outcomes[1][0].key
        code, text = self.report(outcomes, {})
        self.assertEqual(code, FAIL)
        self.assertIn(f"survived, not judged: {name} (line 1)", text)
        self.assertEqual(self.report(outcomes, {name: ("hole", "w")})[0], PASS)

    def test_judgement_without_a_survivor_is_told(self):
        outcomes = self.outcomes(kill.KILLED)
        text = self.report(outcomes, {outcomes[0][0].key: ("hole", "w"), "gone": ("hole", "w")})[1]
        self.assertIn("judged, but it was killed: mm/a.c: f: drop: x = 0", text)
        self.assertIn("judged, but there is no such mutant any more: gone", text)
        text = self.report(outcomes, {"arch/ppc64le/a.c: f: drop: x": ("hole", "w"),
                                      "arch/x86_64/a.c: f: drop: x": ("hole", "w")})[1]
        self.assertNotIn("ppc64le", text)
        self.assertIn("any more: arch/x86_64", text)

    def test_score_counts_what_could_be_killed(self):
        outcomes = self.outcomes(kill.KILLED, kill.SURVIVED, kill.SURVIVED, kill.NOT_REACHED)
        verdicts = {outcomes[1][0].key: ("equivalent", "w"), outcomes[2][0].key: ("hole", "w")}
        cells = score.table(outcomes, verdicts)[""]
        self.assertEqual(list(cells.values()), [1, 1, 0, 1, 0, 1, 0])
        self.assertAlmostEqual(score.percent(cells), 100 / 3)

    def test_barrier_on_a_strong_host_is_not_decidable(self):
        barrier, survived = mutant("smp_wmb()", "barrier"), {"verdict": kill.SURVIVED}
        self.assertEqual(score.column_of(barrier, survived, {}, "x86_64"), kill.UNDECIDED)
        self.assertEqual(score.column_of(barrier, survived, {}, "ppc64le"), score.UNJUDGED)
        killed = {"verdict": kill.KILLED}
        self.assertEqual(score.column_of(barrier, killed, {}, "x86_64"), kill.KILLED)


if __name__ == "__main__":
    unittest.main()
