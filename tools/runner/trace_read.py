# SPDX-License-Identifier: GPL-2.0-only
"""Reads what the kernel writes to its trace channel: lab/trace.h and lab/trace_dump.c say the form.

A guest may die or be killed in the middle of a dump, so a file may end anywhere. What was there
before is used, and `problems` says what is missing; nothing in a file raises an error.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

RECORD = struct.Struct("<QIIQQ")
MAGIC, VERSION = 0x4543415254544c46, 1

DUMP_BEGIN, DUMP_END, CPU, TEXT = range(1, 5)
(FAULT_BEGIN, FAULT_SPF, FAULT_CLASSIC, FAULT_END, LOCK, IPI_SEND, IPI_RECV, IPI_DONE, TLB_ASK,
 TLB_ACK, SWITCH, SYNC_PASS, SYNC_WAIT, SYNC_GO_ON, SYSCALL_BEGIN, SYSCALL_END, WATCHDOG, BROKEN,
 LOCK_WAIT, LOCK_BROKEN) = range(16, 36)

TEXTS = ("why", "lock", "syscall", "sync", "reason", "site", "result", "ipi", "watchdog")

# enum hook_event and enum hook_kind of lab/hook.h
WANT, TRY, WAITED, GOT, LEFT = range(5)
SPINLOCK, READ, WRITE, SEQCOUNT, SRCU, SRCU_GP, IPI_ACK = range(7)

FAULT_FLAGS = ("write", "exec", "user", "present", "reserved")


class Event(NamedTuple):
    time: int       # nanoseconds since boot
    cpu: int
    order: int      # in the file, for events of the same time
    type: int
    tid: int
    info: int
    a: int
    b: int


@dataclass
class Trace:
    cpus: int = 0
    events: list = field(default_factory=list)      # by time
    texts: dict = field(default_factory=dict)       # (of what, key) -> text
    reasons: list = field(default_factory=list)     # why each dump was made
    lost: dict = field(default_factory=dict)        # CPU -> events that were overwritten
    problems: list = field(default_factory=list)

    def text(self, kind, key, default=None):
        return self.texts.get((kind, key), default or f"{kind} {key:#x}")


class Reader:
    """Goes through the records of one file."""

    def __init__(self, data):
        self.data, self.at, self.trace = data, 0, Trace()
        self.cpu = self.start = None        # the CPU whose events come; where the dump began

    def take(self):
        """The next record, or None at the end."""
        if self.at + RECORD.size > len(self.data):
            return None
        record = RECORD.unpack_from(self.data, self.at)
        self.at += RECORD.size
        return record

    def complain(self, text):
        self.trace.problems.append(text)

    def run(self):
        handlers = {DUMP_BEGIN: self.begin, DUMP_END: self.end, CPU: self.head, TEXT: self.text}
        while True:
            record = self.take()
            if record is None:
                break
            handler = handlers.get(record[0]) or self.event
            if not handler(record):
                break
        if self.start is not None:
            self.complain("the trace ends in the middle of a dump")
        elif self.at != len(self.data):
            self.complain(f"{len(self.data) - self.at} bytes follow the last dump")
        self.trace.events.sort(key=lambda event: (event.time, event.cpu, event.order))
        return self.trace

    # -- each returns whether to go on --

    def begin(self, record):
        _, _, version, magic, cpus = record
        if magic != MAGIC or version != VERSION:
            self.complain(f"not a trace of version {VERSION}")
            self.start = None
            self.at = len(self.data)
            return False
        if self.start is not None:
            self.complain("a dump was cut short by another")
        self.start, self.cpu = self.at - RECORD.size, None
        self.trace.cpus = max(self.trace.cpus, min(cpus, 4096))
        return True

    def end(self, record):
        if self.start is None or record[3] * RECORD.size != self.at - self.start:
            self.complain("a dump's length is not what its end says")
        self.start = self.cpu = None
        return True

    def head(self, record):
        self.cpu = record[2]
        if record[4]:
            self.trace.lost[self.cpu] = self.trace.lost.get(self.cpu, 0) + record[4]
        return self.inside()

    def text(self, record):
        _, _, kind, key, size = record
        pieces = -(-size // RECORD.size)
        text = self.data[self.at:self.at + size]
        if kind >= len(TEXTS) or len(text) < size:
            self.at = min(self.at + pieces * RECORD.size, len(self.data))
            return self.inside() and kind < len(TEXTS)
        self.at += pieces * RECORD.size
        text = text.decode("utf-8", "replace")
        if TEXTS[kind] == "why":
            self.trace.reasons.append(text)
        else:
            self.trace.texts[TEXTS[kind], key] = text
        return self.inside()

    def event(self, record):
        stamp, tid, info, a, b = record
        if not FAULT_BEGIN <= stamp & 0xff <= LOCK_BROKEN or self.cpu is None:
            self.complain(f"an unknown record at {self.at - RECORD.size:#x}")
            self.start = None
            self.at = len(self.data)
            return False
        self.trace.events.append(Event(stamp >> 8, self.cpu, self.at, stamp & 0xff, tid, info,
                                       a, b))
        return True

    def inside(self):
        """Everything but a beginning stands in a dump."""
        if self.start is None:
            self.complain("the file does not begin with a dump")
            self.at = len(self.data)
        return self.start is not None


def read(data):
    """A Trace of the bytes of the channel."""
    return Reader(data).run()
