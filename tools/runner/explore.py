# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of schedules, seen from the host: survives guests that die of one.

The guest runs schedule after schedule and says on the control channel which one runs. If it dies,
the schedule is minimised here, one fresh boot a try, and another boot goes on behind it.
"""

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import screen, words
from .common import DIED, FAIL, PASS, SKIPPED, TIMEOUT, Error

DEATHS_MAX = 5          # guests that may die in one exploration
SECONDS_A_SCHEDULE = 0.6    # of all tests together
SECONDS_ALL = 3600.0


def settle(args):
    """Refuses what does not go with schedules; they need mode replay."""
    for option in ("explore", "preempt"):
        if getattr(args, option) is None:
            continue
        if args.mode not in ("auto", "replay"):
            raise Error(f"--{option} needs --mode replay, where a schedule repeats")
        if args.exec or args.list or args.show:
            raise Error(f"--{option} goes with tests: --exec, --list and --show do not")
        args.mode = "replay"
    if args.explore is None:
        return
    if args.preempt is not None or args.repeat:
        raise Error("--explore does not go with --preempt or --repeat")
    if args.explore != "all" and (not args.explore.isdecimal() or not int(args.explore)):
        raise Error(f"--explore {args.explore}: a number of schedules, or all")


def more_time(args):
    """Seconds on top of a run's usual limit."""
    if not args.explore:
        return 0.0
    return SECONDS_ALL if args.explore == "all" else int(args.explore) * SECONDS_A_SCHEDULE


@dataclass
class Found:
    """A schedule that failed: its number, and the preemptions that are needed."""
    test: str
    schedule: str
    list: str
    what: str
    repeats: bool = False       # in a fresh boot
    hangs: bool = False         # the guest came to no end


class Exploration:
    """One exploration: a boot, and others behind it as long as guests die."""

    def __init__(self, args, run, silent=False, counts_only=False):
        """Silent: nothing on the screen. Counts only: lists are neither minimised nor repeated."""
        self.args, self.run = args, run
        self.silent, self.counts_only = silent, counts_only
        self.ran, self.failed = 0, 0    # schedules
        self.unlike = 0         # different runs, of the boots that lived
        self.seconds = 0.0      # in guests that explored, their boots included
        self.boots, self.last = 0, None
        self.found = []
        self.codes = []
        self.totals = [0, 0, 0]

    def boot(self, **changes):
        """Boots with some options changed, in a directory of its own."""
        args = copy.copy(self.args)
        for name, value in changes.items():
            setattr(args, name, value)
        self.boots += 1
        if args.run_dir and self.boots > 1:
            args.run_dir = str(Path(args.run_dir) / f"boot{self.boots}")
        return self.run(args)

    def appended(self, word):
        return " ".join(filter(None, [self.args.append, word]))

    def explore(self):
        word = "explore_stop=1" if self.args.until_fail else ""
        result = self.boot(append=self.appended(word))
        place = result.dir
        deaths = 0
        while self.take(result):
            deaths += 1
            if deaths == DEATHS_MAX or self.args.until_fail:
                break
            test, number = result.control["explore_schedule"].split()
            result = self.boot(append=self.appended(f"explore_from={test}:{int(number) + 1}"))
        for found in [] if self.counts_only else self.found:
            found.repeats = self.repeats(found)
        self.write(place)

    def take(self, result):
        """Keeps what a boot has found; whether its guest died of a schedule."""
        self.last = result
        self.seconds += result.seconds
        for line in result.control["explore_ran"]:
            ran, unlike, failed = map(int, line.split()[1:])
            self.ran, self.unlike = self.ran + ran, self.unlike + unlike
            self.failed += failed
        for line in result.control["explore_found"]:
            self.found.append(Found(*line.split(), "failed"))
        self.totals = [a + b for a, b in zip(self.totals, screen.counts(result))]
        self.codes.append(result.verdict.code)
        if not self.silent:
            screen.summary(result, self.args.quiet)
        if result.verdict.code not in (DIED, TIMEOUT) or "explore_schedule" not in result.control:
            return False
        self.take_death(result)
        return True

    def take_death(self, result):
        test, number = result.control["explore_schedule"].split()
        begin = re.search(rf"explore_from={re.escape(test)}:(\d+)", result.setup.words)
        self.ran += max(1, int(number) - (int(begin.group(1)) - 1 if begin else 0))
        self.failed += 1
        text = result.control.get("explore_running", "none")
        if not self.counts_only:
            text = self.minimise(test, text)
        self.found.append(Found(test, number, text, result.verdict.message,
                                hangs=result.verdict.code == TIMEOUT))

    def goes_wrong(self, test, text):
        """Whether a fresh boot fails or dies under this list; an ERROR is neither."""
        result = self.boot(explore=None, preempt=text, globs=[test])
        cases = [case for suite in result.report.suites for case in suite.cases]
        return result.verdict.code in (DIED, TIMEOUT) or any(c.status == "fail" for c in cases)

    def minimise(self, test, text):
        """Drops preemptions as long as a fresh boot goes wrong without them as well."""
        places = [] if text == "none" else text.split(",")
        at = 0
        while at < len(places):
            fewer = places[:at] + places[at + 1:]
            if self.goes_wrong(test, ",".join(fewer) or "none"):
                places, at = fewer, 0
            else:
                at += 1
        return ",".join(places) or "none"

    def repeats(self, found):
        return self.goes_wrong(found.test, found.list)

    def write(self, place):
        """explore.json, for those who judge the run."""
        found = [vars(one) for one in self.found]
        (place / "explore.json").write_text(json.dumps(
            {"ran": self.ran, "unlike": self.unlike, "failed": self.failed,
             "seconds": round(self.seconds, 2), "found": found}, indent=1) + "\n")

    def tell(self):
        for one in self.found:
            args = copy.copy(self.args)
            args.explore, args.preempt, args.globs = None, one.list, [one.test]
            command = words.repeat_command(args, "replay", args.cpu, args.seed)
            again = "repeats" if one.repeats else "DOES NOT REPEAT"
            print(f"found    {one.test}, schedule {one.schedule}: {one.what}; "
                  f"{again} from a fresh boot")
            print(f"         {command}")
        print(f"explored {self.ran} schedules in {self.seconds:.1f} s, "
              f"{self.ran / max(self.seconds, 0.01):.0f} a second; {self.failed} failed")
        print(screen.totals_line(*self.totals))

    def code(self):
        bad = [code for code in self.codes if code not in (PASS, SKIPPED)]
        if FAIL in bad:
            return FAIL
        return bad[0] if bad else PASS if PASS in self.codes else SKIPPED


# -- every known defect -------------------------------------------------------

BUG_LINE = re.compile(r"# bug (\S+) ")


def known_bugs(args, run):
    """The names of all bug switches, as the kernel lists them."""
    asked = copy.copy(args)
    asked.explore, asked.bug, asked.globs, asked.list = None, None, [], "bugs"
    result = run(asked)
    return [match.group(1) for match in map(BUG_LINE.match, result.console) if match]


def explored(args, run, counts_only=False, **changes):
    """A silent exploration with some options changed."""
    changed = copy.copy(args)
    for name, value in {"quiet": True, **changes}.items():
        setattr(changed, name, value)
    exploration = Exploration(changed, run, True, counts_only)
    exploration.explore()
    return exploration


def failing_share(args, run, bug, test):
    """How many of all schedules of a test fail. Not asked of one that hangs: each takes minutes."""
    every = explored(args, run, True, bug=bug, until_fail=False, globs=[test])
    return f"{every.failed} of {every.ran}"


def seek(args, run, bug):
    """One row: how many schedules it took to find this defect, and how many of a test do."""
    first = explored(args, run, bug=bug, until_fail=True)
    if not first.found:
        hits = first.last.control.get(f"bug_{bug}_hits", "?")
        return (bug, "not found", "", first.ran, "",
                "never reached" if hits == "0" else f"reached {hits} times", "")
    one = first.found[0]
    share = "hangs" if one.hangs else failing_share(args, run, bug, one.test)
    return (bug, one.test.partition(".")[2], one.schedule, first.ran, share, f"`{one.list}`",
            "yes" if one.repeats else "NO")


def bug_table(args, run):
    """Explores with each defect in turn, told nothing of where it is."""
    print("| defect | found by | its schedule | of all | of that test fail | list | repeats |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for bug in known_bugs(args, run):
        row = seek(args, run, bug)
        print("| `{}` | {} | {} | {} | {} | {} | {} |".format(*row), flush=True)
    return PASS


def main(args, run):
    if args.bug == "all":
        return bug_table(args, run)
    exploration = Exploration(args, run)
    exploration.explore()
    exploration.tell()
    return exploration.code()
