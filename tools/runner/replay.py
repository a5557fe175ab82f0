# SPDX-License-Identifier: GPL-2.0-only
"""Proves that `replay` replays: each seed twice, the second time from another directory
and beside a load that burns every core; the console must be the same byte for byte."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

from .common import FAIL, PASS, host_cores

BURN = "import os\nwhile os.getppid() == {parent}: pass"


@contextmanager
def burning_load():
    """A process for each host core that does nothing but run."""
    code = BURN.format(parent=os.getpid())
    burners = [subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL)
               for _ in range(host_cores())]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def first_difference(one, two):
    """A sentence about where two logs part, or nothing."""
    if one == two:
        return ""
    lines = zip(one.split(b"\n"), two.split(b"\n"))
    for number, (left, right) in enumerate(lines, 1):
        if left != right:
            return (f"line {number} differs: {left.decode(errors='replace')!r} "
                    f"and {right.decode(errors='replace')!r}")
    return f"one log is longer: {len(one)} and {len(two)} bytes"


def console(place):
    try:
        return (place / "console.log").read_bytes()
    except OSError:
        return b""


def compare(first, second, places):
    """What is wrong with a pair of runs, as a sentence, or nothing."""
    for code, text, _ in (first, second):
        if code != PASS:
            return f"a run ended with {code}:\n{text}"
    hashes = [results.get("control", {}).get("schedule_hash") for _, _, results in (first, second)]
    if not hashes[0]:
        return "the guest told no schedule_hash"
    if hashes[0] != hashes[1]:
        return f"schedule_hash {hashes[0]} became {hashes[1]}"
    if not console(places[0]):
        return "the console is empty"
    return first_difference(console(places[0]), console(places[1]))


def one_seed(driver, entry):
    """(what is wrong, the schedule hash) of one seed run twice."""
    place = driver.dir / f"{entry.arch}-seed{entry.seed}"
    places = [place, place.with_name(place.name + "-again")]
    label = ["--label", f"seed{entry.seed}"]
    first = driver.child(label + entry.options(), places[0])
    with tempfile.TemporaryDirectory(prefix="faultline-") as elsewhere, burning_load():
        second = driver.child(label + entry.options(), places[1], cwd=elsewhere)
    (places[1] / "junit.xml").unlink(missing_ok=True)
    wrong = compare(first, second, places)
    return wrong, first[2].get("control", {}).get("schedule_hash")


def run(driver, entries):
    from .check import Outcome
    hashes = []
    for entry in entries:
        started = time.monotonic()
        wrong, schedule = one_seed(driver, entry)
        hashes.append(schedule)
        driver.tell(Outcome(f"{entry.name} {schedule}", FAIL if wrong else PASS,
                            (0, 1, 0) if wrong else (1, 0, 0), time.monotonic() - started, wrong))
    same = len(hashes) - len(set(hashes))
    text = f"{same} of {len(hashes)} seeds gave a schedule that another gave too" if same else ""
    driver.tell(Outcome(f"{entries[0].arch} all schedules differ", FAIL if same else PASS,
                        (0, 1, 0) if same else (1, 0, 0), 0.0, text))
