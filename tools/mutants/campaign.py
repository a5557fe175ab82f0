# SPDX-License-Identifier: GPL-2.0-only
"""Runs machine-made mutants: first a record of which tests reach which, then each mutant with the
tests that reach it, until the first red. What is known is kept in
build/mutants and not done again, so that an interrupted run goes on where it was."""

import hashlib
import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

from runner import check, host, kill, machine, profiles
from runner.common import BROKEN, DIED, PASS, SKIPPED, TIMEOUT, USAGE, Error, note

from . import generate, hosted, judged, score

WORDS = 400             # characters of a list of tests that the kernel's command line takes
TIMEOUT_S = 60          # of a boot; four times as much in replay
# Seconds of any wait in the kernel, in each of the STAGES. In replay ppc64le takes longer to run
# out of memory, and half a minute to give 200 MiB of it back with all checks, which the watchdog,
# after half of the limit, has to let it.
LIMIT_S = {profiles.X86: (8, 8, 8), profiles.PPC: (30, 60, 30)}
# The ways to run a mutant, until it is killed: mode, seed, words of the kernel's command line. In
# replay the guest's time is its own, so that a busy host kills nothing.
STAGES = (("replay", 1, "shadow=on"), ("replay", 2, "shadow=on pagealloc=debug"),
          ("parallel", 1, "shadow=on"))
BOOT = "boot"           # in the record: what the start of the machine reached, before any test
BIG = "big"             # the same for the boot of BIG_MIB
# Whether the machine starts at all, with a memory that needs larger tables of all kinds: the most
# that ppc64le's process table serves with pages of 4 KiB.
BIG_TESTS, BIG_MIB, BIG_S = ("boot", "user.hello*"), 16384, 20


# -- the record ----------------------------------------------------------------

def reach_of(control):
    """Test -> the numbers of the mutants it reached, from the lines of a record."""
    found = {}
    for key, value in control.items():
        if not key.startswith("reach_"):
            continue
        name, _, base = key[len("reach_"):].rpartition("_")
        numbers = found.setdefault(name, set())
        for at, digit in enumerate(value):
            numbers |= {int(base) + at * 4 + bit for bit in range(4) if int(digit, 16) >> bit & 1}
    return found


def merged(records):
    reach = {}
    for record in records:
        for name, numbers in record.items():
            reach.setdefault(name, set()).update(numbers)
    return reach


def chosen_tests(number, reach, order):
    """The tests to run for a mutant, as globs: the tests themselves, or whole suites if they are
    too many to name; in the order in which the kernel runs them. What the start of the machine
    reached, any test may notice."""
    if number in reach.get(BOOT, ()):
        return ["*"]
    names = [name for name in order if number in reach.get(name, ())]
    if len(",".join(names)) <= WORDS:
        return names
    return list(dict.fromkeys(name.split(".")[0] for name in names))


# -- one boot ------------------------------------------------------------------

def first_red(results):
    """What turned red first, in a few words; a test that could not do its work is red as well."""
    signs = results.get("bad_signs", [])
    for suite in results.get("suites", []):
        for case in suite["cases"]:
            if case["status"] in ("fail", "error", "timeout"):
                told = case["diagnostics"] or [case["status"]]
                if "bad sign" in told[-1] and signs:
                    told = signs[:1]
                return f"{suite['name']}.{case['name']}: {told[-1].lstrip('# ')}"
    return signs[0].lstrip("# ") if signs else results.get("message", "")


def judge(code, results):
    """(verdict, why) of one boot with a mutant. Here a death or a hang is a kill too, since the
    same boot without the mutant is green; but never without a hit."""
    hits = int(results.get("control", {}).get("mutant_hits", 0))
    if code in (PASS, SKIPPED):
        return (kill.SURVIVED, "") if hits else (kill.NOT_REACHED, "")
    if code == TIMEOUT:
        why = "no end within the limit"
    elif code in (1, DIED):
        why = first_red(results)
    elif code == USAGE:
        why = "the kernel refused its words: " + results.get("message", "")
    else:
        return kill.SURVIVED, f"QEMU ended with {code}: {results.get('message')}"
    if not hits:
        return kill.NOT_REACHED, "red without a hit: " + why
    return kill.KILLED, why[:160]


class Campaign:
    """One population on one architecture."""

    def __init__(self, args, people, image):
        self.args, self.people, self.arch = args, people, args.arch
        os.environ["BUILD"] = str(image)
        self.image = host.image_hash(image / "faultline.elf")
        self.driver = check.Driver(args, "mutants-machine")
        self.lock = threading.Lock()
        # What is known of this architecture, and of all: the programs of the host are the same.
        known = {arch: {} if args.fresh else self.load(f"results-{arch}")
                 for arch in profiles.MACHINES}
        self.known = known[self.arch]
        self.others = {key: old for arch in known if arch != self.arch
                       for key, old in known[arch].items()}
        self.reach, self.order = {}, []
        self.hosted = hosted.Hosted(generate.PLACE, len(people))

    @staticmethod
    def load(name):
        store = generate.PLACE / f"{name}.json"
        return json.loads(store.read_text()) if store.is_file() else {}

    @staticmethod
    def save(name, what):
        store = generate.PLACE / f"{name}.json"
        fresh = store.with_suffix(".new")
        fresh.write_text(json.dumps(what, indent=1) + "\n")
        fresh.replace(store)

    def boot(self, place, mode, seed, words, globs=(), keep=False):
        limit = TIMEOUT_S * (4 if mode == "replay" else 1)
        options = ["--arch", self.arch, "--smp", "4", "--mode", mode, "--seed", str(seed)]
        if globs == BIG_TESTS:
            limit, options = BIG_S, [*options, "--mem", str(BIG_MIB)]
        options += ["--timeout", str(limit), "--append", words, *globs]
        code, text, results = self.driver.child(options, self.driver.dir / place)
        if code not in (PASS, SKIPPED) and not results:
            raise Error(f"the runner failed: {text}", BROKEN)
        if code == PASS or not keep:
            shutil.rmtree(self.driver.dir / place, ignore_errors=True)
        return code, results

    def green(self, place, mode, seed, words, globs=()):
        """The results of a boot without a mutant, which must be green, or nothing would count."""
        code, results = self.boot(place, mode, seed, words, globs, keep=True)
        if code != PASS:
            raise Error(f"{mode} without a mutant is not green: {first_red(results)}", BROKEN)
        return results

    def record(self):
        """Which tests reach which mutants, from boots in which none is on."""
        records = []
        for mode, seed, words in self.stages()[:2]:
            results = self.green(f"record-{mode}-{seed}", mode, seed, f"mutant=record {words}")
            records.append(reach_of(results["control"]))
            self.order = [f"{suite['name']}.{case['name']}" for suite in results["suites"]
                          for case in suite["cases"]]
        for mode, seed, words in self.stages()[2:]:
            self.green(f"base-{mode}-{seed}", mode, seed, words)
        mode, seed, words = self.stages()[0]
        big = self.green(f"record-{BIG}", mode, seed, f"mutant=record {words}", BIG_TESTS)
        self.reach = {**merged(records), BIG: reach_of(big["control"]).get(BOOT, set())}

    def prepare(self):
        """The record, if there is none of this image yet."""
        name, age = f"record-{self.arch}", {"image": self.image, "stages": self.args.stages}
        old = self.load(name)
        if not self.args.fresh and {key: old.get(key) for key in age} == age:
            self.reach = {test: set(numbers) for test, numbers in old["reach"].items()}
            self.order = old["order"]
            return
        self.record()
        self.save(name, {**age, "order": self.order, "reach": {
            test: sorted(numbers) for test, numbers in self.reach.items()}})

    def stages(self):
        limits = LIMIT_S[self.arch]
        return [(mode, seed, f"limit={limit} {words}") for (mode, seed, words), limit
                in zip(STAGES[:self.args.stages], limits)]

    # -- one mutant -------------------------------------------------------

    def is_known(self, mutant):
        """A kill stays one while the mutated function is as it was; the rest, with this image."""
        old = self.known.get(mutant.key, {})
        if old.get("source") == mutant.source and (
                old["verdict"] == kill.KILLED
                or old["image"] == self.image and old["stages"] >= self.args.stages):
            return True
        other = self.others.get(mutant.key, {})
        if (other.get("source"), other.get("mode"), other.get("verdict")) != (
                mutant.source, hosted.MODE, kill.KILLED):
            return False
        self.known[mutant.key] = other
        return True

    def try_mutant(self, mutant):
        if not self.is_known(mutant):
            result = self.run_stages(mutant)
            with self.lock:
                self.known[mutant.key] = result
                self.save(f"results-{self.arch}", self.known)
        return mutant, self.known[mutant.key]

    def stage(self, mutant, mode, seed, words, globs):
        """One boot; where real time decides what happens, only what turns red twice is killed."""
        for _ in range(2 if mode == "parallel" else 1):
            code, results = self.boot(f"{mutant.id}-{mode}-{seed}", mode, seed,
                                      f"mutant={mutant.id} {words}", globs)
            verdict, why = judge(code, results)
            if verdict != kill.KILLED:
                break
        return verdict, why

    def boots(self, mutant, globs):
        """The boots of a mutant. Most that the start of the machine reaches keep it from starting,
        which need not take as long as all tests may."""
        if mutant.id in self.reach.get(BIG, ()):
            yield *self.stages()[0], BIG_TESTS
        for stage in self.stages() if globs else ():
            yield *stage, globs

    def run_stages(self, mutant):
        globs = chosen_tests(mutant.id, self.reach, self.order)
        result = {"verdict": kill.NOT_REACHED, "why": "", "mode": "", "source": mutant.source,
                  "image": self.image, "stages": self.args.stages}
        verdict, why = self.hosted.run(mutant.id)
        result.update(verdict=verdict, why=why, mode=hosted.MODE)
        if result["verdict"] == kill.KILLED:
            return result
        for mode, seed, words, globs in self.boots(mutant, globs):
            verdict, why = self.stage(mutant, mode, seed, words, globs)
            if verdict == kill.KILLED:
                return {**result, "verdict": verdict, "why": why, "mode": mode}
            if verdict == kill.SURVIVED:
                result["verdict"] = verdict
            result["why"] = result["why"] or why
        return result

    def run(self, mutants):
        todo = [mutant for mutant in mutants if not self.is_known(mutant)]
        note(f"{len(mutants)} mutants, {len(mutants) - len(todo)} known")
        if todo:
            self.hosted.build()
            self.prepare()
        pool = ThreadPoolExecutor(self.args.jobs)
        try:
            for at, (mutant, result) in enumerate(pool.map(self.try_mutant, todo), 1):
                print(f"{at}/{len(todo)} {result['verdict']:<12} {mutant.key}"
                      + (f"  [{result['why']}]" if result["why"] else ""), flush=True)
        except BaseException:
            self.driver.stop()
            self.hosted.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
        return [(mutant, self.known[mutant.key]) for mutant in mutants]


# -- all of it -----------------------------------------------------------------

def rank(mutant, seed):
    """Its place in the draw of @seed, whatever other mutants there are."""
    return hashlib.sha256(f"{seed} {mutant.key}".encode("latin-1", "replace")).digest()


def sample(mutants, only, number, seed):
    """The mutants that are wanted, in the order of the sources. A draw hardly changes when the
    sources do a little."""
    wanted = [mutant for mutant in mutants if fnmatchcase(mutant.key, only or "*")]
    if not wanted:
        raise Error(f"--only {only}: no mutant matches; their names begin with a file")
    drawn = sorted(wanted, key=lambda mutant: rank(mutant, seed))[:number or None]
    return sorted(drawn, key=lambda mutant: mutant.id)


def main(args):
    args.arch_only, args.junit, args.profile = args.arch, None, "mutants"
    args.arch = args.arch or profiles.X86
    machine.find_qemu(machine.get(args.arch))
    verdicts = judged.load(args.arch)
    people, image = generate.make(args.arch)
    wanted = sample(people.mutants, args.only, args.number, args.seed)
    campaign = Campaign(args, people, image)
    outcomes = campaign.run(wanted)
    return score.report(outcomes, verdicts, people.mutants, args)
