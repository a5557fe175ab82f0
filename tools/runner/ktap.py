# SPDX-License-Identifier: GPL-2.0-only
"""A strict KTAP 1 reader: two levels, suites and their cases.

It takes the console line by line, so that it also serves the live progress.
Lines that are not KTAP are let through; lines that are KTAP must be right.
"""

import re
from dataclasses import dataclass, field

VERSION = re.compile(r"KTAP version (\d+)$")
PLAN = re.compile(r"1\.\.(\d+)(?: # SKIP ?(.*))?$")
RESULT = re.compile(r"(ok|not ok) (\d+)(?: (?:- )?([^#]*?))?(?:\s*# (.*))?$")
TOTALS = re.compile(r"# Totals: pass:(\d+) fail:(\d+) xfail:(\d+) xpass:(\d+) "
                    r"skip:(\d+) error:(\d+)$")
SUBTEST = re.compile(r"# Subtest: (.*)$")
TIME = re.compile(r"(?:# )?\btime_ms=([0-9.]+)")
DIRECTIVES = ("SKIP", "TODO", "XFAIL", "TIMEOUT", "ERROR")
BAD_SIGN = re.compile(r"(?<![\w.])(BUG|WARN|WARNING|lockdep|watchdog|panic):")
EXPECTED = "# expected: "
KEPT_LINES = 400


def bad_sign(line):
    """Whether a console line tells of trouble that no test has announced."""
    text = line.strip()
    return not text.startswith(EXPECTED) and BAD_SIGN.search(text) is not None


@dataclass
class Case:
    suite: str
    name: str
    status: str             # pass, fail, skip, xfail, timeout, error
    reason: str = ""
    seconds: float = 0.0
    diagnostics: list = field(default_factory=list)

    @property
    def failed(self):
        return self.status in ("fail", "timeout", "error")


@dataclass
class Suite:
    name: str
    cases: list = field(default_factory=list)
    seconds: float = 0.0
    finished: bool = False

    def count(self, kind):
        if kind == "failed":
            return sum(case.failed for case in self.cases)
        if kind == "skipped":
            return sum(case.status == "skip" for case in self.cases)
        return len(self.cases) - self.count("failed") - self.count("skipped")


class Level:
    """One open block: its plan and how far it has come."""

    def __init__(self, name):
        self.name, self.plan, self.seen = name, None, 0
        self.pending = []


def split_tail(tail):
    """What follows the name after a '#': directive, reason, seconds."""
    match = TIME.search(tail)
    seconds = float(match.group(1)) / 1000 if match else 0.0
    rest = TIME.sub("", tail).strip().rstrip("#").strip()
    word, _, reason = rest.partition(" ")
    if word in DIRECTIVES:
        return word, reason.strip(), seconds
    return "", "", seconds


def status_of(ok, directive):
    if directive == "SKIP":
        return "skip"
    if directive in ("TIMEOUT", "ERROR"):
        return directive.lower()
    if directive == "XFAIL" and not ok:
        return "xfail"
    return "pass" if ok else "fail"


class Parser:
    """Feed it lines, then call finish(); `problems` is empty for a sound report."""

    def __init__(self):
        self.suites, self.problems, self.preamble, self.signs = [], [], [], []
        self.top = self.child = None
        self.totals = None
        self.skip_all = ""
        self.complete = False
        self.unknown_lines = 0

    # -- lines ------------------------------------------------------------

    def feed(self, line):
        line = line.rstrip("\r\n")
        if bad_sign(line):
            self.signs.append(line.strip())
        text = line.lstrip(" ")
        depth = len(line) - len(text)
        if text.startswith("#"):
            self._comment(text)
        elif VERSION.match(text):
            self._version(depth, VERSION.match(text))
        elif PLAN.match(text):
            self._plan(depth, PLAN.match(text))
        elif RESULT.match(text):
            self._result(depth, RESULT.match(text))
        elif text:
            self.unknown_lines += 1

    def _problem(self, text):
        if len(self.problems) < 50:
            self.problems.append(text)

    def _level(self, depth, what):
        level = {0: self.top, 2: self.child}.get(depth)
        if level is None:
            self._problem(f"{what} stands outside any KTAP block (indent {depth})")
        return level

    def _comment(self, text):
        level = self.child or self.top
        if TOTALS.match(text):
            self.totals = tuple(int(n) for n in TOTALS.match(text).groups())
            return
        if self.child and SUBTEST.match(text):
            self.child.name = self.suites[-1].name = SUBTEST.match(text).group(1).strip()
            return
        body = text[1:].strip()
        if level is None or (level is self.top and level.plan is None):
            self.preamble.append(body)
            return
        level.pending.append(body)
        del level.pending[:-KEPT_LINES]

    def _version(self, depth, match):
        if match.group(1) != "1":
            self._problem(f"KTAP version {match.group(1)} is not 1")
        if depth == 0:
            if self.top:
                self._problem("a second KTAP version line at the top: did the guest start twice?")
            self.top = self.top or Level("")
        elif depth == 2 and self.top and not self.child:
            self.child = Level("")
            self.child.pending, self.top.pending = self.top.pending, []
            self.suites.append(Suite(""))
        else:
            self._problem(f"a KTAP version line where none may stand (indent {depth})")

    def _plan(self, depth, match):
        level = self._level(depth, "a plan")
        if level is None:
            return
        if level.plan is not None:
            self._problem(f"a second plan in {level.name or 'the top level'}")
        level.plan = int(match.group(1))
        if level is self.top and level.plan == 0:
            self.skip_all = (match.group(2) or "").strip()

    def _result(self, depth, match):
        level = self._level(depth, "a result line")
        if level is None:
            return
        ok, name = match.group(1) == "ok", (match.group(3) or "").strip()
        self._count(level, int(match.group(2)), name)
        tail = split_tail(match.group(4) or "")
        if level is self.child:
            self._case(ok, name, tail)
        elif self.child:
            self._close_suite(ok, name, tail)
        else:
            self._lone_case(ok, name, tail)

    def _count(self, level, number, name):
        level.seen += 1
        if level.plan is None:
            self._problem(f"result '{name}' comes before any plan")
        elif number > level.plan:
            self._problem(f"result {number} '{name}' is beyond the plan 1..{level.plan}")
        if number != level.seen:
            self._problem(f"result '{name}' has number {number}, not {level.seen}")

    # -- suites and cases -------------------------------------------------

    def _case(self, ok, name, tail):
        directive, reason, seconds = tail
        suite = self.suites[-1]
        if not name:
            self._problem(f"a result without a name in '{suite.name}'")
        if any(case.name == name for case in suite.cases):
            self._problem(f"two results are named {suite.name}.{name}")
        if directive == "SKIP" and not reason:
            self._problem(f"{suite.name}.{name} is skipped without a reason")
        level = self.child or self.top
        case = Case(suite.name, name, status_of(ok, directive), reason, seconds, level.pending)
        level.pending = []
        suite.cases.append(case)

    def _lone_case(self, ok, name, tail):
        """A top-level result without a block of its own is a suite of one."""
        self.suites.append(Suite(name))
        self._case(ok, name, tail)
        self.suites[-1].seconds, self.suites[-1].finished = tail[2], True

    def _close_suite(self, ok, name, tail):
        suite, level = self.suites[-1], self.child
        self._check_plan(level, f"suite '{name}'")
        if suite.name and suite.name != name:
            self._problem(f"the block '{suite.name}' ends with a result for '{name}'")
        self._adopt(suite, name)
        if ok and suite.count("failed"):
            self._problem(f"suite '{name}' says ok although a test of it failed")
        if not ok and not suite.count("failed"):
            suite.cases.append(Case(name, "suite", "fail", tail[1], 0.0, level.pending))
        suite.seconds = tail[2] or sum(case.seconds for case in suite.cases)
        suite.finished, self.child = True, None

    def _adopt(self, suite, name):
        suite.name = name
        for case in suite.cases:
            case.suite = name

    def _check_plan(self, level, where):
        if level.plan is None:
            self._problem(f"{where} has no plan")
        elif level.seen < level.plan:
            self._problem(f"{where} planned {level.plan} results and gave {level.seen}")
        return level.plan is not None and level.seen == level.plan

    # -- the end ----------------------------------------------------------

    def finish(self):
        if self.top is None:
            self._problem("the console holds no KTAP report")
            return self
        self.complete = self._check_plan(self.top, "the report")
        if self.child:
            self._problem(f"suite '{self.child.name}' has no end")
            self.complete = False
        if self.totals is None:
            self._problem("the report has no '# Totals:' line")
            self.complete = False
        else:
            self._check_totals()
        if not self.cases() and not self.skip_all:
            self._problem("the report holds no test")
        return self

    def _check_totals(self):
        said = (self.totals[0] + self.totals[2] + self.totals[3],
                self.totals[1] + self.totals[5], self.totals[4])
        found = tuple(self.count(kind) for kind in ("passed", "failed", "skipped"))
        if said != found:
            self._problem("the Totals line says %d passed, %d failed, %d skipped" % said
                          + " but the lines say %d, %d, %d" % found)

    def cases(self):
        return [case for suite in self.suites for case in suite.cases]

    def count(self, kind):
        return sum(suite.count(kind) for suite in self.suites)
