# SPDX-License-Identifier: GPL-2.0-only
"""From parsed options to finished runs: decides the guest, boots it, judges, reports."""

import os
import shlex
import sys
import time
from pathlib import Path

from . import build, explore, initrd, ktap, machine, probe, report, screen, verdict, words
from .common import (BROKEN, PASS, SKIPPED, Error, build_dir, host_cores, note, out_dir,
                     shown)
from .machine import Setup
from .result import Result
from .run import Boot, Control, Lines

BASE_LIMIT = 60.0
EMULATED = 3.0          # times as long for a KVM that emulates the kernel


def time_limit(args, mode, grade=""):
    """Seconds of wall time. CPUs that share the host's cores get more, and so does a slow KVM."""
    if args.gdb:
        return None
    if args.timeout is not None:
        return args.timeout
    share = {"interleaved": 16, "replay": 8, "parallel": 4 * host_cores(),
             "kvm": 4 * host_cores()}[mode]
    slow = EMULATED if grade == "C" else 1.0
    return (BASE_LIMIT + explore.more_time(args)) * max(1.0, args.smp / share) * slow


# -- the run directory --------------------------------------------------------

def make_run_dir(args, arch, mode):
    if args.run_dir:
        place = Path(args.run_dir).absolute()
        place.mkdir(parents=True, exist_ok=True)
        return place
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{stamp}-{arch.image}-smp{args.smp}-{mode}"
    out_dir().mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        place = out_dir() / (name if number == 1 else f"{name}-{number}")
        try:
            place.mkdir()
        except FileExistsError:
            continue
        point_latest(place)
        return place
    raise Error(f"no free name for a run directory {name}", BROKEN)


def point_latest(place):
    fresh = place.parent / f".latest-{os.getpid()}"
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(place.name)
        os.replace(fresh, place.parent / "latest")
    except OSError:
        fresh.unlink(missing_ok=True)


# -- one guest ----------------------------------------------------------------

def make_setup(args, arch, qemu, choice, place, seed):
    setup = Setup(arch=arch, qemu=qemu, machine=args.machine, mode=choice.mode, cpu=choice.cpu,
                  smp=args.smp, mem=args.mem, dir=place, gdb=args.gdb, qmp=place / "qmp.sock",
                  words=words.compose(args, choice.mode, choice.grade, seed))
    if args.exec:
        setup.initrd = place / "initrd.cpio"
    return setup


def dry_run(args, arch):
    """The QEMU line of a run, with out/dry-run as its directory; starts nothing."""
    mode = args.mode
    if mode == "auto":
        mode = "interleaved"
        note("the line below is for --mode interleaved; a real run may choose kvm")
    choice = probe.Choice(mode, args.cpu or arch.cpu, "C" if mode == "kvm" else "T")
    place = Path(shown(out_dir() / "dry-run"))
    place.mkdir(parents=True, exist_ok=True)
    setup = make_setup(args, arch, machine.qemu_name(arch), choice, place, args.seed)
    base = build_dir(arch.image) / "initrd.cpio"
    if args.exec and base.is_file():
        initrd.write_merged(base, setup.initrd, args.exec[0], args.exec[1:])
    print(shlex.join(machine.command(setup)))
    note(f"its channels are files in {place}; console.log is the console")
    return PASS


class Guest:
    """Collects what one guest says while it runs."""

    def __init__(self, args, limit):
        self.args, self.console = args, []
        self.parser, self.control = ktap.Parser(), Control()
        self.progress = screen.Progress(limit, args.quiet or args.verbose or bool(args.exec))
        self.lines = {"console": Lines(self.take_console), "control": Lines(self.control.take)}

    def take_console(self, line):
        self.console.append(line)
        self.parser.feed(line)
        if self.args.verbose:
            stream = sys.stderr if self.args.exec else sys.stdout
            stream.write(line + "\n")
            stream.flush()

    def sinks(self):
        sinks = dict(self.lines)
        if self.args.exec:
            sinks["stdout"] = passed_on(sys.stdout)
            sinks["stderr"] = passed_on(sys.stderr)
        return sinks

    def finish(self):
        for lines in self.lines.values():
            lines.flush()
        self.progress.clear()


def passed_on(stream):
    """A sink for a program's output: every byte as it is, at once."""
    def write(data):
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
    return write


def judge(args, guest, ended):
    if args.exec:
        return verdict.of_exec(ended, guest.control.values, guest.console, guest.parser.signs,
                               args.mem)
    if args.list or args.show:
        return verdict.of_listing(ended, guest.console, args.mem)
    return verdict.of_tests(ended, guest.parser.finish(), guest.console, args.mem)


def run_once(args, arch, qemu, version, choice, seed):
    place = make_run_dir(args, arch, choice.mode)
    setup = make_setup(args, arch, qemu, choice, place, seed)
    if args.exec:
        initrd.write_merged(build_dir(arch.image) / "initrd.cpio", setup.initrd,
                            args.exec[0], args.exec[1:])
    (place / "cmdline").write_text(shlex.join(machine.command(setup)) + "\n")
    announce(args, setup, choice, seed)
    limit = time_limit(args, choice.mode, choice.grade)
    guest = Guest(args, limit)
    boot = Boot(setup, guest.sinks(), limit)
    try:
        ended = boot.run(lambda seconds: guest.progress.tick(seconds, guest.parser))
    finally:
        guest.finish()
    if guest.control.graphs:
        (place / "waitfor.dot").write_text("\n".join(guest.control.graphs) + "\n")
    if arch.exit_channel:
        verdict.of_channel(ended, guest.control.values.get("exit_value"))
    repeat = words.repeat_command(args, choice.mode, choice.cpu, seed)
    result = Result(setup, choice, seed, repeat, version, args.label, report.timestamp(),
                    guest.parser, guest.control.values, guest.console, ended)
    result.verdict = judge(args, guest, ended)
    report.write_all(result, args.junit)
    return result


def announce(args, setup, choice, seed):
    if args.gdb:
        note(f"QEMU waits; in a second terminal: {setup.arch.gdb} {shown(setup.kernel)} "
             "-ex 'target remote :1234'")
    if args.exec or args.list or args.show or args.quiet:
        return
    print(f"faultline: {setup.arch.image}, {setup.smp} CPUs, {setup.mode} on {setup.machine}, "
          f"-cpu {setup.cpu}, {setup.mem} MiB, grade {choice.grade}, seed {seed:#x}")
    if args.verbose:
        print(shlex.join(machine.command(setup)))
    sys.stdout.flush()


def show(args, result):
    if args.exec:
        screen.errors_only(result)
        if args.trace:
            screen.trace_line(result, note)
    elif args.list or args.show:
        if result.verdict.code == PASS:
            output = (result.dir / machine.CHANNELS["stdout"]).read_bytes()
            screen.listing(result.console, output)
        screen.errors_only(result)
    else:
        if result.verdict.code not in (PASS, SKIPPED, 1):
            screen.errors_only(result, console=False)
        screen.summary(result, args.quiet)


# -- all of it ----------------------------------------------------------------

def main(args):
    arch = machine.get(args.arch, args.page_size)
    if args.exec:
        initrd.check_program(args.exec[0], arch.elf_machine, arch.name)
    words.compose(args, "interleaved", "T", args.seed)
    if args.dry_run:
        return dry_run(args, arch)
    qemu = machine.find_qemu(arch)
    build.ensure(arch, args.machine, args.no_build)
    version = machine.qemu_version(qemu)
    choice = decide(args, arch, qemu, version)
    if args.explore:
        return explore.main(args, lambda run: run_once(run, arch, qemu, version, choice, run.seed))
    if args.repeat or args.until_fail:
        return repeat_runs(args, arch, qemu, version, choice)
    result = run_once(args, arch, qemu, version, choice, args.seed)
    show(args, result)
    return result.verdict.code


def decide(args, arch, qemu, version):
    """The mode; lists need no trial of KVM."""
    if args.mode == "auto" and (args.list or args.show):
        args.mode = "interleaved"
    choice = probe.choose(args, arch, qemu, version)
    if choice.reason and not args.exec:
        note(f"interleaved, because {choice.reason}")
    return choice


def repeat_runs(args, arch, qemu, version, choice):
    """--repeat and --until-fail: rising seeds; the worst exit code is ours."""
    totals, worst, number, bad = [0, 0, 0], PASS, 0, []
    while args.repeat is None or number < args.repeat:
        seed = (args.seed + number) & (2 ** 64 - 1)
        result = run_once(args, arch, qemu, version, choice, seed)
        show(args, result)
        number += 1
        totals = [a + b for a, b in zip(totals, screen.counts(result))]
        code = result.verdict.code
        if code not in (PASS, SKIPPED):
            bad.append(seed)
            worst = max(worst, code)
            if args.until_fail:
                break
    if not args.exec:
        print(f"\n{number} runs, {len(bad)} failed"
              + (f"; the first with seed {bad[0]:#x}" if bad else ""))
        print(screen.totals_line(*totals))
    return worst if worst or totals[0] or args.exec or args.list else SKIPPED
