# SPDX-License-Identifier: GPL-2.0-only
"""From everything that was seen of a run to one exit code and one sentence."""

import signal
from dataclasses import dataclass, field

from .common import BROKEN, DIED, FAIL, PASS, SKIPPED, TIMEOUT, USAGE, last_line

# What the guest writes to its exit device.
GUEST = {0x10: "pass", 0x11: "fail", 0x12: "skipped", 0x13: "panic", 0x14: "watchdog",
         0x15: "usage"}

GUEST_DIED = "OS terminated"    # QEMU's words when a ppc64le guest says that it died


@dataclass
class Ended:
    """How QEMU came to its end."""
    status: int = 0             # as from subprocess: negative for a signal
    timed_out: bool = False
    seconds: float = 0.0
    limit: float = 0.0
    stderr: str = ""
    starved: float = 0.0        # seconds on top of the limit: the host ran something else


@dataclass
class Verdict:
    code: int
    word: str                   # for machines: pass, fail, timeout, panic, ...
    message: str = ""           # for people; empty when all is well
    console_tail: bool = False  # whether the last console lines help
    details: list = field(default_factory=list)


def guest_word(status):
    """The guest's own verdict, or None when QEMU ended in another way."""
    return GUEST.get(status >> 1) if status > 0 and status & 1 else None


def of_channel(ended, value):
    """Where the guest tells its exit value by the control channel (None if it did not), QEMU's own
    status becomes what it would be with an exit device; 0 is an end without a value."""
    told = ended.status in (0, 1) and not ended.timed_out
    if not told or (value is None and ended.status and GUEST_DIED not in ended.stderr):
        return
    try:
        ended.status = int(value or "", 0) << 1 | 1
    except ValueError:
        ended.status = 0


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def busy_host(ended):
    late = round(ended.starved)
    return f", and {late} s more in which the host had no time for it" if late else ""


def of_death(ended, mem):
    """A verdict for the ends that leave no report to look at, or None."""
    word = guest_word(ended.status)
    if ended.timed_out:
        return Verdict(TIMEOUT, "timeout", f"no end within {ended.limit:g} s" + busy_host(ended),
                       True)
    if ended.status < 0:
        return Verdict(BROKEN, "killed", f"QEMU was killed by {signal_name(-ended.status)}", True)
    if ended.status == 0:
        return Verdict(DIED, "reset", "the guest reset the machine (a triple fault, most likely)"
                       f" or left it without a word; it had {mem} MiB of memory", True)
    if word is None:
        return of_qemu_error(ended, mem)
    if word == "panic":
        return Verdict(DIED, "panic", "the kernel panicked", True)
    if word == "watchdog":
        return Verdict(DIED, "watchdog", "the kernel's watchdog ended the run", True)
    return None


def of_qemu_error(ended, mem):
    text = last_line(ended.stderr) or "it said nothing"
    if "initrd is too large" in ended.stderr:
        return Verdict(DIED, "memory", f"{mem} MiB is too little memory to boot: {text}")
    return Verdict(BROKEN, "qemu", f"QEMU ended with status {ended.status}: {text}", True)


def of_usage(console):
    """The guest did not accept its command line; its own words say why."""
    lines = [line.lstrip("# ").rstrip() for line in console if "error" in line.lower()]
    text = lines[-1] if lines else last_line("\n".join(console)).lstrip("# ")
    marker = text.lower().find("error:")
    if marker >= 0:
        text = text[marker + len("error:"):].strip()
    return Verdict(USAGE, "usage", text or "the kernel did not accept its command line")


def of_tests(ended, report, console, mem):
    """A run of tests passes only if the report, the exit value and the log agree."""
    dead = of_death(ended, mem)
    if dead:
        return dead
    word = guest_word(ended.status)
    if word == "usage":
        return of_usage(console)
    if report.signs:
        return Verdict(FAIL, "bad-sign", "trouble in the kernel's log that no test expected",
                       details=report.signs[:10])
    if not report.complete:
        return Verdict(DIED, "truncated", "the guest's report is not complete: "
                       + (report.problems or ["no end"])[0], True, report.problems)
    return of_report(word, report)


def of_report(word, report):
    failed, passed = report.count("failed"), report.count("passed")
    if report.problems:
        return Verdict(FAIL, "report", "the guest's report contradicts itself: "
                       + report.problems[0], details=report.problems)
    expected = "fail" if failed else "pass" if passed else "skipped"
    if word != expected:
        return Verdict(FAIL, "disagree", f"the guest's exit value says {word}, "
                       f"its report says {expected}")
    if failed:
        return Verdict(FAIL, "fail")
    return Verdict(PASS, "pass") if passed else Verdict(SKIPPED, "skipped",
                                                        "every test was skipped")


def of_exec(ended, control, console, signs, mem):
    """With --exec the program's status is ours, if the kernel lived to tell it."""
    dead = of_death(ended, mem)
    if dead:
        return dead
    if guest_word(ended.status) == "usage":
        return of_usage(console)
    if signs:
        return Verdict(DIED, "bad-sign", f"trouble in the kernel's log: {signs[0]}",
                       details=signs[:10])
    try:
        if "exec_signal" in control:
            return Verdict((128 + int(control["exec_signal"], 0)) & 255, "exec-signal")
        return Verdict(int(control["exec_status"], 0) & 255, "exec")
    except (KeyError, ValueError):
        return Verdict(DIED, "exec", "the guest ended without telling the program's status", True)


def of_listing(ended, console, mem):
    dead = of_death(ended, mem)
    if dead:
        return dead
    if guest_word(ended.status) == "usage":
        return of_usage(console)
    if guest_word(ended.status) == "pass":
        return Verdict(PASS, "pass")
    return Verdict(DIED, "disagree", "the guest gave no list", True)
