# SPDX-License-Identifier: GPL-2.0-only
"""Builds the image when it is missing or older than its sources. Quiet unless it fails."""

import os
import shutil
import subprocess
import sys

from .common import BROKEN, ROOT, Error, build_dir, note, shown

SOURCES = ("Makefile", "linker.ld", "boot", "arch", "kernel", "lab", "mm",
           "tests/kernel", "tests/user", "tests/bench")
GLIBC = "utest-glibc"   # the programs of the initrd, linked with glibc
PROGRAMS = ("utest", GLIBC)
TARGETS = {"faultline.iso": "iso", GLIBC: "glibc"}  # what plain make does not build


def wanted(arch, machine_name):
    """What a machine boots; or, by its name, a program."""
    if machine_name in PROGRAMS:
        return [build_dir(arch.image) / machine_name]
    names = ["faultline.iso"] if machine_name == "iso" else ["faultline.elf", "initrd.cpio"]
    names += [arch.firmware] if arch.firmware else []
    return [build_dir(arch.image) / name for name in names]


def newest(path):
    """The latest modification time of a file or of anything below a directory."""
    times = [path.stat().st_mtime] if path.is_file() else []
    for top, _, names in os.walk(path):
        times += [os.stat(os.path.join(top, name), follow_symlinks=False).st_mtime
                  for name in names]
    return max(times, default=0.0)


def stale(files):
    if not all(path.is_file() for path in files):
        return True
    oldest = min(path.stat().st_mtime for path in files)
    return any(newest(ROOT / name) > oldest for name in SOURCES)


def ensure(arch, machine_name, no_build):
    files = wanted(arch, machine_name)
    if not no_build and stale(files):
        make(arch, files)
    for path in files:
        if not path.is_file():
            words = ["make", *settings(arch), *target_of(files)]
            raise Error(f"{shown(path)} is missing; build it with: {' '.join(words)}", BROKEN)


def target_of(files):
    return [TARGETS[files[0].name]] if files[0].name in TARGETS else []


def settings(arch):
    plain = arch.page_size == arch.page_sizes[0]
    return [f"ARCH={arch.name}"] + ([] if plain else [f"PAGE_SIZE={arch.page_size}"])


def make(arch, files):
    if not (ROOT / "Makefile").is_file() or not shutil.which("make"):
        return
    command = ["make", "-s", *settings(arch)]
    if os.environ.get("BUILD"):
        command.append(f"BUILD={build_dir(arch.image)}")
    command += target_of(files)
    clean = {key: value for key, value in os.environ.items()
             if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=ROOT, env=clean, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        sys.stderr.flush()
        raise Error(f"the build failed: {' '.join(command)}", BROKEN)
    if done.stdout.strip():
        note("built the image")
