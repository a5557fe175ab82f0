# SPDX-License-Identifier: GPL-2.0-only
"""The command line: options, their help, and errors that say what to do."""

import argparse
import re
import secrets
import signal
import sys

from . import VERSION, check, explore, machine, session, words
from .common import BROKEN, INTERRUPTED, USAGE, Error, complain

LISTS = ("tests", "points", "bugs", "policies", "probes")

ABOUT = """Boot Faultline under QEMU, run its tests or your program, and tell the verdict.

  ./run-qemu.sh                       every test, 4 CPUs
  ./run-qemu.sh 'deadlock.*'          one suite
  ./run-qemu.sh --smp 64 --mode replay --seed 7 'storm.*'
  ./run-qemu.sh --exec ./hello world  a static Linux program
"""

END = """modes:
  auto         kvm where a trial of this image shows that it serves, else interleaved
  interleaved  QEMU's translator, one host thread, CPUs take turns: fast anywhere
  parallel     QEMU's translator, a host thread a CPU: true parallelism, 2 to 8 CPUs
  replay       counted instructions: the same seed gives the same run, bit for bit
  kvm          the host's KVM; never falls back to anything else

exit status:
  0 passed   1 a test failed   2 usage, unknown test, bad program   77 all skipped
  124 timeout   125 QEMU missing, killed or broken   126 the guest died
  with --exec: the program's own status, or 128+n for a signal

environment: QEMU= the emulator, BUILD= where the image is, OUT= where runs are kept,
NO_COLOR= plain text. More in docs/running.md."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        complain(message)
        sys.stderr.write("Try ./run-qemu.sh --help\n")
        sys.exit(USAGE)


def whole(low, high):
    def convert(text):
        try:
            value = int(text, 0)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not between {low} and {high}")
        return value
    return convert


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return value


def memory(text):
    match = re.fullmatch(r"(\d{1,7})([MG]?)(i?B)?", text, re.IGNORECASE)
    if not match or not int(match.group(1)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; give MiB, or 512M, or 2G")
    return int(match.group(1)) * (1024 if match.group(2).upper() == "G" else 1)


def seed(text):
    if text == "random":
        return secrets.randbits(32)
    return whole(0, 2 ** 64 - 1)(text)


def machine_options(parser):
    group = parser.add_argument_group("the machine")
    add = group.add_argument
    add("--arch", metavar="ARCH", help="x86_64 (default) or ppc64le")
    add("--smp", type=whole(1, 1024), default=4, metavar="N", help="CPUs (default 4)")
    add("--mode", choices=("auto",) + machine.MODES, default="auto", metavar="MODE",
        help="auto (default), interleaved, parallel, replay, kvm; see below")
    add("--page-size", metavar="SIZE", help="base pages of the kernel: 4k (default), and on "
        "ppc64le 64k, which is an image of its own")
    add("--machine", metavar="NAME", help="microvm (default), q35, pc, iso (GRUB image "
        "on q35); ppc64le has pseries only")
    add("--cpu", metavar="MODEL", help="QEMU's CPU model (default qemu64, on ppc64le "
        "power9; with KVM host, then qemu64, whichever boots)")
    add("--mem", type=memory, default=256, metavar="MIB", help="memory (default 256)")


def test_options(parser):
    group = parser.add_argument_group("what the kernel does")
    add = group.add_argument
    add("globs", nargs="*", metavar="SUITE.TEST",
        help="tests to run, wildcards allowed (default all)")
    add("--seed", type=seed, default=1, metavar="N",
        help="seed of everything random (default 1; 'random' draws one)")
    add("--fault", metavar="PATH", help="fault path: classic, spf")
    add("--spf", metavar="PRESET", help="profile of the speculative path")
    add("--ptl", metavar="NAME", help="how the page-table lock is taken speculatively")
    add("--bug", metavar="NAME,...", help="deliberate defects to switch on")
    add("--sched", metavar="SCHEDULE", help="an order of sync points to force")
    add("--trace", nargs="?", const="all", metavar="WHAT,...", help="write trace.json, "
        f"for ui.perfetto.dev; WHAT is {', '.join(words.TRACED)} (default all)")
    add("--explore", metavar="N", help="run each test under N schedules, or 'all' with up to two "
        "preemptions, in mode replay; with --until-fail up to the first that fails")
    add("--preempt", metavar="LIST", help="run the tests under this schedule, CPU:POINT*N,... "
        "or none, in mode replay")
    add("--append", metavar="WORDS", help="more words for the kernel's command line, as they are")
    add("--list", nargs="?", const="tests", choices=LISTS, metavar="WHAT",
        help="list tests (default), points, bugs, policies or probes (what this machine can "
        "show), and stop")
    add("--show", metavar="ID", help="explain one test, bug or sync point, and stop")
    add("--exec", metavar="FILE", help="run this static Linux program; everything after FILE "
        "is the program's")


def run_options(parser):
    group = parser.add_argument_group("the run")
    add = group.add_argument
    add("--timeout", type=seconds, metavar="S",
        help="limit in seconds (default 60, more for many CPUs)")
    add("--repeat", type=whole(1, 10 ** 6), metavar="N", help="run N times, seed, seed+1, ...")
    add("--until-fail", action="store_true", help="run, with rising seeds, until one fails")
    add("--dry-run", action="store_true", help="print the QEMU command line and stop")
    add("--gdb", action="store_true", help="wait for gdb, and say how to attach it")
    add("--no-build", action="store_true", help="take the image as it is")
    add("--junit", metavar="FILE", help="write the JUnit report here as well")
    add("--quiet", action="store_true", help="only failures and the last line")
    add("--verbose", action="store_true", help="show the guest's console as it comes")
    add("--version", action="version", version=f"faultline runner {VERSION}")


def hidden_options(parser):
    """For the Makefile and for the profiles' own runs."""
    add = parser.add_argument
    add("--profile", choices=sorted(check.PROFILES), help=argparse.SUPPRESS)
    add("--run-dir", help=argparse.SUPPRESS)
    add("--label", default="", help=argparse.SUPPRESS)


def make_parser():
    parser = Parser(prog="run-qemu.sh", description=ABOUT, epilog=END, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    usage="./run-qemu.sh [options] [SUITE.TEST ...]\n"
                          "       ./run-qemu.sh [options] --exec FILE [ARG ...]")
    test_options(parser)
    machine_options(parser)
    run_options(parser)
    hidden_options(parser)
    return parser


def split_exec(argv):
    """Cut argv at --exec: what follows FILE belongs to the program."""
    for at, word in enumerate(argv):
        if word == "--exec":
            return argv[:at], argv[at + 1:], True
        if word.startswith("--exec="):
            return argv[:at], [word[len("--exec="):]] + argv[at + 1:], True
    return argv, [], False


def parse(argv):
    ours, program, wanted = split_exec(list(argv))
    parser = make_parser()
    args = parser.parse_intermixed_args(ours)
    args.exec = program
    if wanted and (not program or not program[0]):
        parser.error("--exec needs a FILE")
    return settled(args)


def settle_trace(args):
    """--trace may stand alone: what follows it and is no list of categories is a test's name."""
    if args.trace is not None and not set(args.trace.split(",")) <= set(words.TRACED):
        args.globs.insert(0, args.trace)
        args.trace = "all"


def settled(args):
    """Fill in what depends on the architecture and refuse what does not fit together."""
    settle_trace(args)
    args.arch_only, args.arch = args.arch, args.arch or "x86_64"    # profiles cover all
    arch = machine.get(args.arch, args.page_size)
    args.machine = args.machine or next(iter(arch.machines))
    if args.machine not in arch.machines:
        raise Error(f"--machine {args.machine}: unknown; there is {', '.join(arch.machines)}")
    if args.smp > arch.max_cpus:
        raise Error(f"--smp {args.smp}: {arch.name} has at most {arch.max_cpus} CPUs here")
    if args.mem % arch.mem_step:
        raise Error(f"--mem {args.mem}: {arch.name} takes multiples of {arch.mem_step} MiB")
    if args.exec and (args.list or args.show or args.globs):
        raise Error("--exec runs a program: test names, --list and --show do not go with it")
    if (args.list or args.show) and args.globs:
        raise Error("--list and --show take no test names")
    if args.exec and args.machine == "iso":
        raise Error("--exec cannot change what is on the ISO; take another --machine")
    words.check_globs(args.globs)
    explore.settle(args)
    return args


def main(argv):
    try:
        args = parse(argv)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        if args.profile:
            return check.main(args)
        return session.main(args)
    except Error as err:
        complain(err)
        return err.code
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None
        return 128 + signal.SIGPIPE
    except OSError as err:
        complain(err)
        return BROKEN
