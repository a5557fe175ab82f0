# SPDX-License-Identifier: GPL-2.0-only
"""Runs machine-made mutants: first a record of which tests reach which, then each mutant with the
tests that reach it, until the first red. What is known is kept in
build/mutants and not done again, so that an interrupted run goes on where it was."""

import hashlib
import json
import os
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase

from runner import check, host, kill, machine, profiles
from runner.common import BROKEN, DIED, PASS, SKIPPED, TIMEOUT, USAGE, Error, note

from . import generate, hosted, judged, score

WORDS = 400             # characters of a list of tests that the kernel's command line takes
TIMEOUT_S = 60          # of a boot; four times as much in replay
# Seconds of any wait in the kernel. In replay ppc64le takes half a minute to run out of memory, and
# as long to give it back with all checks, which the watchdog, at half of the limit, has to let it.
# Nothing is to hang while a record is made, but all is slower.
LIMIT_S = {profiles.X86: 8, profiles.PPC: 120}
RECORD_LIMIT_S = 1000
LOOK = "boot", "kmap", "user.hello*"
RECORD = "record"
BOOT = "boot"           # in the record: what the start of the machine reached, before any test


@dataclass(frozen=True)
class Stage:
    """A way to run a mutant. In replay the guest's time is its own, so that a busy host kills
    nothing."""
    name: str
    mode: str
    seed: int = 1
    words: str = ""         # of the kernel's command line
    smp: int = 4
    mem: int = 256          # MiB
    globs: tuple = ()       # these tests only
    about: str = ""         # only mutants whose name fits; they have a record of their own
    seconds: int = TIMEOUT_S

    def wants(self, mutant):
        return not self.about or bool(re.search(self.about, mutant.key))

    @property
    def limit_s(self):
        """Of the boot; where many CPUs take turns, or time is counted, all is slow."""
        return self.seconds * (4 if self.mode == "replay" or self.smp > 4 else 1)


# Until it is killed. Most mutants of what makes the first page tables keep the machine from
# starting, which need not take as long as all tests may: the first stage is for them, with as much
# RAM as ppc64le serves with pages of 4 KiB. The last two are for code that does something else on
# another machine: with more CPUs than a word has bits, and with more RAM than the first map of it
# holds.
STAGES = (
    Stage("start", "replay", 1, "shadow=on", mem=16384, globs=("boot", "user.hello*"), seconds=5,
          about=r"^arch/\w+/(include/arch/)?mmu\.[ch]: "),
    Stage("replay", "replay", 1, "shadow=on"),
    Stage("debug", "replay", 2, "shadow=on pagealloc=debug"),
    Stage("parallel", "parallel", 1, "shadow=on"),
    Stage("96 CPUs", "interleaved", smp=96, mem=512, globs=("boot", "tlb"),
          about=r": .*(\b64\b|cpumask|nr_cpus|\bcpu_id\(\)|bits\[)"),
    Stage("5 GiB", "interleaved", mem=5120, globs=("boot", "kmap"), about=r"^arch/\w+/mmu\.c: "),
)


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


def chosen_tests(number, reach, order, once=False):
    """The tests to run for a mutant, as globs: the tests themselves, or whole suites if they are
    too many to name; in the order in which the kernel runs them. What the start of the machine
    reached, any test may notice; what nothing else reached is the same for all ways to run them, so
    that all of them @once are enough, and then those that look at what the start left."""
    if number in reach.get(BOOT, ()):
        later = any(number in reach[name] for name in reach if name != BOOT)
        return ["*"] if later or once else list(LOOK)
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

    def boot(self, what, stage, words="", globs=(), keep=False):
        limit = LIMIT_S[self.arch] if stage.smp == 4 else TIMEOUT_S
        seconds = stage.limit_s
        if what == RECORD:
            limit, seconds = RECORD_LIMIT_S, 3 * seconds
        place = f"{what}-{stage.name.replace(' ', '-')}"
        options = ["--arch", self.arch, "--smp", str(stage.smp), "--mem", str(stage.mem),
                   "--mode", stage.mode, "--seed", str(stage.seed),
                   "--timeout", str(seconds),
                   "--append", f"limit={limit} {stage.words} {words}".strip(),
                   *(globs or stage.globs)]
        code, text, results = self.driver.child(options, self.driver.dir / place)
        if code not in (PASS, SKIPPED) and not results:
            raise Error(f"the runner failed: {text}", BROKEN)
        if code == PASS or not keep:
            shutil.rmtree(self.driver.dir / place, ignore_errors=True)
        return code, results

    def record(self, stage):
        """What a boot without a mutant tells: test -> mutants that it reached, and the tests. It
        must be green, or nothing would count. As for mutants, a busy host may turn a boot in its
        own time red once."""
        for left in (0,) if stage.mode == "replay" else (1, 0):
            code, results = self.boot(RECORD, stage, f"mutant={RECORD}", keep=True)
            if code == PASS:
                break
            if not left:
                raise Error(f"{stage.name} without a mutant is not green: {first_red(results)}",
                            BROKEN)
        reach = {test: sorted(numbers) for test, numbers in reach_of(results["control"]).items()}
        order = [f"{suite['name']}.{case['name']}" for suite in results["suites"]
                 for case in suite["cases"]]
        return {"reach": reach, "order": order}

    def prepare(self, todo):
        """The records of all stages that are wanted, as far as there are none of this image yet.
        The stages without one of their own share one: all tests."""
        name = f"record-{self.arch}"
        known = {} if self.args.fresh else self.load(name)
        if known.get("image") != self.image:
            known = {"image": self.image}
        for stage in self.stages():
            if not any(stage.wants(mutant) for mutant in todo):
                continue
            if stage.name not in known:
                known[stage.name] = self.record(stage)
                self.save(name, known)
            told = known[stage.name]
            reach = {test: set(numbers) for test, numbers in told["reach"].items()}
            share = stage.name if stage.about else ""
            self.reach[share] = merged([self.reach.get(share, {}), reach])
            if not (stage.about and self.order):
                self.order = told["order"]

    def stages(self):
        return STAGES[:self.args.stages]

    def tests_for(self, mutant, stage):
        """The tests that reach it in this stage; none if it is not for this mutant."""
        if not stage.wants(mutant):
            return []
        globs = chosen_tests(mutant.id, self.reach[stage.name if stage.about else ""], self.order,
                             once=stage.name == "replay")
        return list(stage.globs) or globs if globs in (["*"], list(LOOK)) else globs

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

    def stage(self, mutant, stage, globs):
        """One boot; where real time decides what happens, only what turns red twice is killed."""
        for _ in range(1 if stage.mode == "replay" else 2):
            code, results = self.boot(mutant.id, stage, f"mutant={mutant.id}", globs)
            verdict, why = judge(code, results)
            if verdict != kill.KILLED:
                break
        return verdict, why

    def run_stages(self, mutant):
        result = {"verdict": kill.NOT_REACHED, "why": "", "mode": "", "source": mutant.source,
                  "image": self.image, "stages": self.args.stages}
        verdict, why = self.hosted.run(mutant.id)
        result.update(verdict=verdict, why=why, mode=hosted.MODE)
        if result["verdict"] == kill.KILLED:
            return result
        for stage in self.stages():
            globs = self.tests_for(mutant, stage)
            if not globs:
                continue
            verdict, why = self.stage(mutant, stage, globs)
            if verdict == kill.KILLED:
                return {**result, "verdict": verdict, "why": why, "mode": stage.name}
            if verdict == kill.SURVIVED:
                result["verdict"] = verdict
            result["why"] = result["why"] or why
        return result

    def run(self, mutants, verdicts):
        """Those that are judged come last: they live, which takes longest, and tell nothing new."""
        todo = sorted((mutant for mutant in mutants if not self.is_known(mutant)),
                      key=lambda mutant: mutant.key in verdicts)
        note(f"{len(mutants)} mutants, {len(mutants) - len(todo)} known")
        if todo:
            self.hosted.build(self.args.jobs)
            self.prepare(todo)
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
    outcomes = campaign.run(wanted, verdicts)
    return score.report(outcomes, verdicts, people.mutants, args)
