# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's command line, word by word; docs/command-line.md has the kernel's side."""

import re
import shlex

from . import machine
from .common import Error
from .initrd import guest_name

GLOB = re.compile(r"[A-Za-z0-9_.*?\[\]!-]+")
VALUE = re.compile(r"[!-~]+")
TRACED = ("all", "fault", "lock", "ipi", "srcu", "sched", "sync", "syscall")
PASSED_ON = ("fault", "spf", "ptl", "bug", "sched", "trace", "explore", "preempt")


def check_value(option, value):
    if not VALUE.fullmatch(value):
        raise Error(f"{option} {value!r}: a value is printable ASCII without spaces")
    return value


def check_globs(globs):
    for glob in globs:
        if not GLOB.fullmatch(glob):
            raise Error(f"test name {glob!r}: a name is SUITE.TEST in letters, digits, "
                        "'_' and the wildcards '*' and '?'")
    return globs


def check_append(text):
    if not all(32 <= ord(char) < 127 for char in text):
        raise Error("--append: only printable ASCII can stand on the kernel's command line")
    return text.strip()


def compose(args, mode, grade, seed):
    """The words the kernel gets, always in the same order."""
    words = []
    if args.globs:
        words.append("test=" + ",".join(check_globs(args.globs)))
    for name in PASSED_ON:
        value = getattr(args, name)
        if value is not None:
            words.append(f"{name}={check_value('--' + name, value)}")
    words += [f"seed={seed:#x}", f"mode={mode}", f"grade={grade}",
              "channels=split", f"cpus={args.smp}"]
    words += purpose(args)
    if args.timeout is not None:
        words.append(f"limit={max(1, -int(-args.timeout // 1))}")
    if args.append:
        words.append(check_append(args.append))
    return " ".join(words)


def purpose(args):
    """What the boot is for, when it is not for tests."""
    if args.exec:
        return [f"exec=/bin/{guest_name(args.exec[0])}"]
    if args.list:
        return [f"list={args.list}"]
    if args.show:
        return [f"show={check_value('--show', args.show)}"]
    return []


def repeat_command(args, mode, cpu, seed):
    """The command that does this run again."""
    line = ["./run-qemu.sh", "--arch", args.arch, "--smp", str(args.smp), "--mode", mode]
    if args.page_size:
        line += ["--page-size", args.page_size]
    if args.machine != next(iter(machine.get(args.arch).machines)):
        line += ["--machine", args.machine]
    if args.cpu:
        line += ["--cpu", cpu]
    if args.mem != 256:
        line += ["--mem", str(args.mem)]
    line += ["--seed", f"{seed:#x}"]
    if args.timeout is not None:
        line += ["--timeout", f"{args.timeout:g}"]
    for name in PASSED_ON + ("append",):
        if getattr(args, name):
            line += [f"--{name}={getattr(args, name)}"]
    line += list(args.globs)
    if args.exec:
        line += ["--exec"] + list(args.exec)
    return shlex.join(line)
