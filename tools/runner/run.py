# SPDX-License-Identifier: GPL-2.0-only
"""One boot: starts QEMU, follows the channel files as they grow, keeps the time limit."""

import ctypes
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .common import BROKEN, Error, read_text
from .machine import CHANNELS, command
from .qmp import look_at_hang
from .stuck import Watch, lost_seconds
from .verdict import Ended

POLL = 0.02
LAST_WORDS = 2.0        # seconds the guest gets for its back-traces after an NMI
SOCKET_PATH_MAX = 100   # Linux allows 107 bytes
PR_SET_PDEATHSIG = 1

try:
    LIBC = ctypes.CDLL(None)
except OSError:
    LIBC = None


class Tail:
    """Hands on what is added to a file."""

    def __init__(self, path, sink):
        self.path, self.sink, self.file = path, sink, None

    def pump(self):
        """Whether there was anything."""
        if self.file is None:
            try:
                self.file = open(self.path, "rb")
            except OSError:
                return False
        data = self.file.read()
        if data:
            self.sink(data)
        return bool(data)

    def close(self):
        if self.file:
            self.file.close()


class Lines:
    """A sink that cuts bytes into lines of text."""

    def __init__(self, take):
        self.take, self.rest = take, b""

    def __call__(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._give(line)

    def flush(self):
        if self.rest:
            self._give(self.rest)
        self.rest = b""

    def _give(self, line):
        self.take(line.decode("utf-8", "replace").rstrip("\r"))


class Control:
    """The control channel: lines of key=value. Of some there may be many: all are kept. Those of
    "dot" are lines of graphs."""

    MANY = ("shown", "explore_found", "explore_ran")

    def __init__(self):
        self.values, self.graphs = {key: [] for key in self.MANY}, []

    def take(self, line):
        key, equals, value = line.partition("=")
        if equals and key == "dot":
            self.graphs.append(value)
        elif equals and key.strip() in self.MANY:
            self.values[key.strip()].append(value.strip())
        elif equals and key.strip():
            self.values[key.strip()] = value.strip()


def die_with_parent():
    """In the child: QEMU ends when the runner does, even when that is killed."""
    if LIBC is not None and hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Boot:
    """One QEMU process and the files it writes."""

    def __init__(self, setup, sinks, limit):
        self.setup, self.limit = setup, limit
        self.tails = [Tail(setup.dir / CHANNELS[name], sink) for name, sink in sinks.items()]
        self.log = setup.dir / "qemu.log"
        self.watch = Watch(setup)
        self.process = self.started = None
        self.starved = 0.0
        self.socket_dir = None

    def run(self, tick=lambda seconds: None):
        """Until the guest's end or the limit; `tick` is called some times a second."""
        self._place_socket()
        self._start()
        try:
            timed_out = self._follow(tick)
        finally:
            self._stop()
        return Ended(self.process.returncode, timed_out, time.monotonic() - self.started,
                     self.limit or 0.0, read_text(self.log), self.starved)

    def _place_socket(self):
        if self.setup.qmp and len(os.fsencode(str(self.setup.qmp))) > SOCKET_PATH_MAX:
            self.socket_dir = tempfile.TemporaryDirectory(prefix="faultline-")
            self.setup.qmp = Path(self.socket_dir.name) / "qmp.sock"

    def _start(self):
        self.started = time.monotonic()
        with open(self.log, "wb") as log:
            try:
                self.process = subprocess.Popen(
                    command(self.setup), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=die_with_parent)
            except OSError as err:
                raise Error(f"{self.setup.qemu} cannot be started: {err.strerror}", BROKEN)

    def _follow(self, tick):
        while True:
            ended = self._wait(POLL)
            heard = self._pump()
            passed = time.monotonic() - self.started
            if ended:
                return False
            if self.limit and passed >= self.limit + self._lost():
                self._last_words()
                return True
            self.watch.look(self.process.pid, heard)
            tick(passed)

    def _wait(self, seconds):
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def _pump(self):
        return any([tail.pump() for tail in self.tails])

    def _lost(self):
        self.starved = lost_seconds(self.process.pid, self.limit)
        return self.starved

    def _last_words(self):
        if self.setup.qmp and look_at_hang(self.setup.qmp, self.setup.dir / "registers.txt"):
            self._wait(LAST_WORDS)
        self._kill()

    def _kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _stop(self):
        if self.process:
            self._kill()
        self._pump()
        for tail in self.tails:
            tail.close()
        if self.socket_dir:
            self.socket_dir.cleanup()
        elif self.setup.qmp:
            self.setup.qmp.unlink(missing_ok=True)
