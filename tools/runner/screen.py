# SPDX-License-Identifier: GPL-2.0-only
"""What a person sees: the progress line, the summary, the last console lines."""

import os
import shutil
import sys
import time

from .common import PASS, SKIPPED, TAIL_LINES, shown

DIAGNOSTICS = 12        # lines shown of each failed test
HEARTBEAT = 10.0        # seconds between lines when there is no terminal
COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1"}


def is_terminal(stream):
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def colour(name, text, stream=None):
    if os.environ.get("NO_COLOR") or not is_terminal(stream or sys.stdout):
        return text
    return f"\033[{COLOURS[name]}m{text}\033[0m"


class Progress:
    """One line that stays at the bottom of a terminal; a line now and then elsewhere."""

    def __init__(self, limit, quiet, stream=None):
        self.stream = stream or sys.stderr
        self.limit, self.quiet = limit, quiet
        self.sticky = is_terminal(self.stream)
        self.last = time.monotonic()
        self.shown = False

    def tick(self, seconds, report):
        step = 0.1 if self.sticky else HEARTBEAT
        if self.quiet or time.monotonic() - self.last < step:
            return
        self.last = time.monotonic()
        limit = f" (limit {self.limit:g})" if self.limit else ""
        text = f"{position(report)} {seconds:.1f} s{limit}"
        if not self.sticky:
            self.stream.write(f"faultline: {text}\n")
        else:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write(f"\r\033[K{text[:width]}")
            self.shown = True
        self.stream.flush()

    def clear(self):
        if self.shown:
            self.stream.write("\r\033[K")
            self.stream.flush()
            self.shown = False


def position(report):
    """Where the run is: '3/7 suites, deadlock after irqs_off, 41 passed, 0 failed'."""
    if report.top is None or report.top.plan is None:
        return "booting"
    text = f"{report.top.seen}/{report.top.plan} suites"
    if report.child and report.suites[-1].name:
        text += f", {report.suites[-1].name}"
        if report.suites[-1].cases:
            text += f" after {report.suites[-1].cases[-1].name}"
    return f"{text}, {report.count('passed')} passed, {report.count('failed')} failed,"


# -- the summary --------------------------------------------------------------

def counts(result):
    """passed, failed, skipped; a run that went wrong by itself counts as one failed."""
    passed, failed, skipped = (result.report.count(kind)
                               for kind in ("passed", "failed", "skipped"))
    if result.verdict.code not in (PASS, SKIPPED) and not failed:
        failed = 1
    return passed, failed, skipped


def totals_line(passed, failed, skipped):
    return f"{passed} passed, {failed} failed, {skipped} skipped"


def table(report, write):
    width = max([len(suite.name) for suite in report.suites] + [5])
    write(f"{'suite':<{width}}  passed  failed  skipped      time")
    for suite in report.suites:
        numbers = [suite.count(kind) for kind in ("passed", "failed", "skipped")]
        line = f"{suite.name:<{width}}  {numbers[0]:6}  {numbers[1]:6}  {numbers[2]:7}  " \
               f"{suite.seconds:7.2f}s"
        if not suite.finished:
            line += "  not finished"
        bad = numbers[1] or not suite.finished
        write(colour("red", line) if bad else line)


def failures(report, write):
    for case in report.cases():
        if case.failed:
            reason = f" ({case.status.upper()} {case.reason})".replace("FAIL ", "").replace(
                " ()", "").replace("(FAIL)", "")
            write("")
            write(colour("red", f"FAILED {case.suite}.{case.name}") + reason)
            for line in case.diagnostics[-DIAGNOSTICS:]:
                write(f"    {line}")


def skips(report, write):
    reasons = {}
    for case in report.cases():
        if case.status == "skip":
            reasons.setdefault(case.reason or "no reason given", []).append(case)
    for reason, cases in reasons.items():
        names = ", ".join(f"{case.suite}.{case.name}" for case in cases[:3])
        more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
        write(f"skipped: {names}{more}: {reason}")


def findings(shown_lines, write):
    """What the passed tests say that they have shown, in words."""
    if shown_lines:
        write("")
        write("shown by this run")
    for line in shown_lines:
        write(f"  - {line}")


def trouble(result, write):
    """The verdict's own words, its details, the end of the console."""
    verdict = result.verdict
    if not verdict.message or verdict.code == SKIPPED:
        return
    write("")
    write(colour("red", "ERROR ") + verdict.message)
    for line in verdict.details:
        write(f"    {line}")
    if verdict.console_tail:
        console_tail(result.console, write)


def console_tail(console, write):
    lines = list(console)[-TAIL_LINES:]
    write(f"the last {len(lines)} lines of the console:" if lines else "the console is empty")
    for line in lines:
        write(f"    {line}")


def summary(result, quiet):
    """The end of a run of tests, on standard output."""
    def write(text):
        print(text)
    if not quiet:
        write("")
        table(result.report, write)
        skips(result.report, write)
        findings(result.control.get("shown", []), write)
    failures(result.report, write)
    trouble(result, write)
    failed = result.verdict.code not in (PASS, SKIPPED)
    if not quiet or failed:
        write("")
        write(f"seed     {result.seed:#x}")
        write(f"repeat   {result.repeat}")
        write(f"kept in  {shown(result.dir)}")
        trace_line(result, write)
    text = totals_line(*counts(result))
    write(colour("red" if failed else "green", text))
    sys.stdout.flush()


def trace_line(result, write):
    """Where the trace is, and what is missing of it."""
    if not result.trace:
        return
    write(f"trace    {shown(result.dir / 'trace.json')}, {len(result.trace.events)} events; "
          "open it at ui.perfetto.dev")
    lost = sum(result.trace.lost.values())
    problems = [f"the oldest {lost} events were overwritten"] if lost else []
    for problem in problems + result.trace.problems:
        write(f"         {problem}")


def errors_only(result, console=True):
    """For --exec and --list: the runner's own errors, on standard error, nothing else."""
    verdict = result.verdict
    if not verdict.message:
        return
    sys.stderr.write(f"faultline: error: {verdict.message}\n")
    if console and verdict.console_tail:
        console_tail(result.console, lambda text: sys.stderr.write(text + "\n"))
    sys.stderr.flush()


def listing(console, program_output):
    """What a guest that was asked for a list has said, without KTAP's marks."""
    if program_output:
        sys.stdout.buffer.write(program_output)
        sys.stdout.flush()
        return
    for line in console:
        if line.startswith("# Totals:") or not line.startswith("#"):
            continue
        print(line[2:] if line.startswith("# ") else line[1:])
    sys.stdout.flush()
