# SPDX-License-Identifier: GPL-2.0-only
"""What every part of the runner shares: exit codes, errors, places."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PASS, FAIL, USAGE, SKIPPED = 0, 1, 2, 77
TIMEOUT, BROKEN, DIED = 124, 125, 126
INTERRUPTED = 130

TAIL_LINES = 20


class Error(Exception):
    """An error of the runner itself; `code` becomes the exit status."""

    def __init__(self, message, code=USAGE):
        super().__init__(message)
        self.code = code


def complain(message):
    sys.stderr.write(f"faultline: error: {message}\n")
    sys.stderr.flush()


def note(message):
    sys.stderr.write(f"faultline: {message}\n")
    sys.stderr.flush()


def out_dir():
    """Where run directories are made; OUT= moves it."""
    return Path(os.environ.get("OUT") or ROOT / "out").absolute()


def build_dir(image):
    """Where a kernel image is (Arch.image is its name); BUILD= moves it."""
    return Path(os.environ.get("BUILD") or ROOT / "build" / image).absolute()


def shown(path):
    """A path as short as it can be from where the user stands."""
    path = Path(path).absolute()
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def host_cores():
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return os.cpu_count() or 1


def read_text(path, default=""):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return default


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
