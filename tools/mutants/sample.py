# SPDX-License-Identifier: GPL-2.0-only
"""A handful of machine-made mutants, in less than a minute and without a guest: what `make check`
knows of them.

tests/mutants/sample.txt names them. Those that tests/mutants/judged.txt calls equivalent or slower
must survive all programs of tests/host that reach them; all others must be killed by one.
"""

from concurrent.futures import ThreadPoolExecutor

from runner.common import FAIL, PASS, ROOT, SKIPPED, Error
from runner.kill import KILLED, SURVIVED

from . import generate, hosted, judged, operators, source

FILE = ROOT / "tests" / "mutants" / "sample.txt"
PLACE = generate.PLACE / "sample"


def names_in(text):
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def chosen(people, names):
    """The mutants of these names, in the order of the file."""
    by_name = {mutant.key: mutant for mutant in people}
    gone = [name for name in names if name not in by_name]
    if gone:
        raise Error(f"sample.txt: there is no such mutant any more: {gone[0]}; take another one")
    return [by_name[name] for name in names]


def wanted_verdict(name, verdicts):
    return SURVIVED if name in verdicts and verdicts[name][0] != judged.HOLE else KILLED


def run(mutants, program, verdicts, jobs):
    """Runs each by @program, (verdict, why) of its number; how many are not as they should be."""
    bad = 0
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(program, [mutant.id for mutant in mutants])
        for mutant, (verdict, why) in zip(mutants, outcomes):
            wanted = wanted_verdict(mutant.key, verdicts)
            bad += verdict != wanted
            print(f"{verdict:<12} {mutant.key}" + (f"  [{why}]" if why else "")
                  + ("" if verdict == wanted else f"  expected: {wanted}"), flush=True)
    print(f"{len(mutants)} mutants, {bad} not as expected")
    return bad


def main(args):
    if not source.available():
        print(source.HINT)
        return SKIPPED
    names = names_in(FILE.read_text())
    files = sorted({name.split(":")[0] for name in names})
    mutants = chosen(operators.number(list(generate.mutants_of(ROOT, files))), names)
    for number, mutant in enumerate(mutants, 1):
        mutant.id = number
    generate.write_tree(PLACE / "tree", mutants)
    programs = hosted.Hosted(PLACE, len(mutants))
    programs.build(args.jobs)
    return FAIL if run(mutants, programs.run, judged.load(generate.PARSED_FOR), args.jobs) else PASS
