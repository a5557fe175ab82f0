# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of schedules, seen from the host: survives guests that die of one.

The guest runs schedule after schedule and says on the control channel which one runs. If it dies,
the schedule is minimised here, one fresh boot a try, and another boot goes on behind it.
"""

import copy
import re
import time

from . import screen, words
from .common import DIED, FAIL, PASS, SKIPPED, TIMEOUT, Error

DEATHS_MAX = 5          # guests that may die in one exploration
SECONDS_A_SCHEDULE = 0.3
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


class Exploration:
    """One exploration: a boot, and others behind it as long as guests die."""

    def __init__(self, args, run, silent=False):
        self.args, self.run, self.silent = args, run, silent
        self.ran, self.last = 0, None   # schedules, and the last boot's result
        self.found = []         # (test, schedule, list, what happened)
        self.codes = []
        self.totals = [0, 0, 0]

    def boot(self, **changes):
        """Boots with some options changed."""
        args = copy.copy(self.args)
        for name, value in changes.items():
            setattr(args, name, value)
        return self.run(args)

    def appended(self, word):
        return " ".join(filter(None, [self.args.append, word]))

    def explore(self):
        word = "explore_stop=1" if self.args.until_fail else ""
        result = self.boot(append=self.appended(word))
        while self.take(result) and len(self.found) < DEATHS_MAX and not self.args.until_fail:
            test, number = result.control["explore_schedule"].split()
            result = self.boot(append=self.appended(f"explore_from={test}:{int(number) + 1}"))

    def take(self, result):
        """Keeps what a boot has found; whether its guest died of a schedule."""
        self.last = result
        self.ran += sum(int(line.split()[1]) for line in result.control["explore_ran"])
        for line in result.control["explore_found"]:
            test, number, text = line.split()
            self.found.append((test, number, text, "failed"))
        self.totals = [a + b for a, b in zip(self.totals, screen.counts(result))]
        self.codes.append(result.verdict.code)
        if not self.silent:
            screen.summary(result, self.args.quiet)
        if result.verdict.code not in (DIED, TIMEOUT) or "explore_schedule" not in result.control:
            return False
        test, number = result.control["explore_schedule"].split()
        self.ran += int(number)
        text = self.minimise(test, result.control.get("explore_running", "none"))
        self.found.append((test, number, text, result.verdict.message))
        return True

    def minimise(self, test, text):
        """Drops preemptions as long as a fresh boot goes wrong without them as well."""
        places = [] if text == "none" else text.split(",")
        at = 0
        while at < len(places):
            fewer = places[:at] + places[at + 1:]
            result = self.boot(explore=None, preempt=",".join(fewer) or "none", globs=[test])
            if result.verdict.code in (PASS, SKIPPED):
                at += 1
            else:
                places, at = fewer, 0
        return ",".join(places) or "none"

    def tell(self):
        for test, number, text, what in self.found:
            args = copy.copy(self.args)
            args.explore, args.preempt, args.globs = None, text, [test]
            command = words.repeat_command(args, "replay", args.cpu, args.seed)
            print(f"found    {test}, schedule {number}: {what}")
            print(f"         {command}")
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


def seek(args, run, bug):
    """One row: how many schedules it took to find this defect."""
    sought = copy.copy(args)
    sought.bug, sought.quiet, sought.until_fail = bug, True, True
    exploration = Exploration(sought, run, silent=True)
    started = time.monotonic()
    exploration.explore()
    seconds = time.monotonic() - started
    hits = exploration.last.control.get(f"bug_{bug}_hits", "?")
    if exploration.found:
        test, number, text, _ = exploration.found[0]
        return (bug, test.partition(".")[2], number, exploration.ran, f"{seconds:.1f}",
                0 if text == "none" else text.count(",") + 1, text)
    return (bug, "not found", "", exploration.ran, f"{seconds:.1f}", "",
            "never reached" if hits == "0" else f"reached {hits} times")


def bug_table(args, run):
    """Explores with each defect in turn, told nothing of where it is."""
    print("| defect | found by | schedule | of all | seconds | preemptions | list |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for bug in known_bugs(args, run):
        row = seek(args, run, bug)
        print("| `{}` | {} | {} | {} | {} | {} | `{}` |".format(*row), flush=True)
    return PASS


def main(args, run):
    if args.bug == "all":
        return bug_table(args, run)
    exploration = Exploration(args, run)
    exploration.explore()
    exploration.tell()
    return exploration.code()
