# SPDX-License-Identifier: GPL-2.0-only
"""Whether a run with a defect switched on has shown that the tests catch it.

A defect is killed only by a run that is red for a reason, an expectation that failed or a bad sign
in the log, and in which the defect was reached. A test that could not do what it is for (ERROR), a
run that only took too long, or an emulator that broke, shows nothing.
"""

from .common import DIED, FAIL

KILLED, SURVIVED, NOT_REACHED, UNDECIDED = "killed", "survived", "not reached", "not decidable here"


def failed_cases(results):
    """(SUITE.TEST, why) of the tests whose expectations failed."""
    for suite in results.get("suites", []):
        for case in suite["cases"]:
            if case["status"] == "fail":
                why = case["diagnostics"][-1] if case["diagnostics"] else ""
                yield f"{suite['name']}.{case['name']}", why.lstrip("# ")


def red_reason(code, results):
    """Why the run is red, in words that begin with what says so; empty if it shows nothing."""
    if code not in (FAIL, DIED):
        return ""
    for name, why in failed_cases(results):
        return why if why.startswith(name.split(".", 1)[1]) else f"{name}: {why}"
    signs = results.get("bad_signs", [])
    return signs[0].lstrip("# ") if signs else ""


def hits_of(results, bug):
    return int(results.get("control", {}).get(f"bug_{bug}_hits", 0))


def judge(code, results, hits):
    """(verdict, why) of a run with a defect that was reached @hits times."""
    reason = red_reason(code, results)
    if not hits:
        return NOT_REACHED, "the defect was never reached" + (f"; yet {reason}" if reason else "")
    if reason:
        return KILLED, reason
    if code == 0:
        return SURVIVED, "the run passed"
    return SURVIVED, results.get("message") or f"the run ended with {code} and no test failed"
