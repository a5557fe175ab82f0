# SPDX-License-Identifier: GPL-2.0-only
"""The command line of tools/mutants, and its errors."""

import argparse
import os
import signal
import sys

from runner import machine
from runner.common import BROKEN, INTERRUPTED, USAGE, Error, complain

from . import campaign, sample, switches


class Parser(argparse.ArgumentParser):
    def error(self, message):
        complain(message)
        sys.stderr.write("Try python3 tools/mutants --help\n")
        sys.exit(USAGE)


def add_sample(commands):
    parser = commands.add_parser("sample", allow_abbrev=False,
                                 help="a handful of those, against the programs of the host")
    parser.add_argument("--jobs", type=jobs, default=2, metavar="N",
                        help="programs at a time (default 2)")
    parser.set_defaults(work=sample.main, arch=None)


def make_parser():
    parser = Parser(prog="python3 tools/mutants", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND",
                                     parser_class=Parser)
    add_switches(commands)
    add_machine(commands)
    add_sample(commands)
    return parser


def common(parser):
    parser.add_argument("--arch", metavar="ARCH", help="x86_64 or ppc64le")
    parser.add_argument("--only", metavar="GLOB", help="only those whose name matches")
    parser.add_argument("--no-build", action="store_true", help="take the image as it is")
    parser.add_argument("--jobs", type=jobs, default=2, metavar="N",
                        help="guests at a time (default 2)")


def add_switches(commands):
    parser = commands.add_parser("switches", allow_abbrev=False,
                                 help="every switch of lab/bug.h against its tests")
    common(parser)
    parser.set_defaults(work=switches.main)


def whole(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)


def jobs(text):
    if not whole(text):
        raise argparse.ArgumentTypeError("at least one guest must run at a time")
    return int(text)


def add_machine(commands):
    parser = commands.add_parser("machine", allow_abbrev=False,
                                 help="mutants made by a tool, against the tests that reach them")
    common(parser)
    parser.add_argument("--number", type=whole, default=360, metavar="N",
                        help="so many of them, drawn by the seed (default 360; 0: all)")
    parser.add_argument("--seed", type=whole, default=1, metavar="N", help="default 1")
    parser.add_argument("--stages", type=int, choices=range(1, 7), default=6,
                        help="ways to run a mutant that is not killed: start, then all tests "
                        "in replay, with freed pages unmapped too, in parallel too, with 96 CPUs "
                        "too, with 5 GiB of RAM too (default all 6)")
    parser.add_argument("--fresh", action="store_true", help="forget what is known")
    parser.set_defaults(work=campaign.main)


def main(argv):
    args = make_parser().parse_args(argv)
    os.environ.pop("MAKEFLAGS", None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if args.arch:
            machine.get(args.arch)
        return args.work(args)
    except Error as err:
        complain(err)
        return err.code
    except KeyboardInterrupt:
        complain("interrupted; what is finished is kept")
        return INTERRUPTED
    except OSError as err:
        complain(err)
        return BROKEN
