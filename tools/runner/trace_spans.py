# SPDX-License-Identifier: GPL-2.0-only
"""From events to what a reader wants to see: spans with a beginning and an end, moments, arrows.

A span belongs to a CPU or to a thread: ("cpu", number) or ("thread", tid). Spinlocks, interrupts
and who runs are the CPU's; system calls, faults, semaphores and SRCU are the thread's, which may
change its CPU meanwhile. What had begun before the trace is left out, what had not ended when it
was written ends with it and is marked so.
"""

from dataclasses import dataclass, field

from . import trace_read as read
from .trace_read import READ, SEQCOUNT, SPINLOCK, SRCU, SRCU_GP, WRITE

SIGNED = 1 << 63


@dataclass
class Span:
    track: tuple
    start: int
    end: int
    name: str
    category: str
    args: dict = field(default_factory=dict)


@dataclass
class Moment:
    track: tuple
    time: int
    name: str
    category: str
    args: dict = field(default_factory=dict)
    everywhere: bool = False        # shown across all tracks


@dataclass
class Arrow:
    source: Span
    start: int
    target: Span
    end: int
    name: str


@dataclass
class Picture:
    spans: list = field(default_factory=list)
    moments: list = field(default_factory=list)
    arrows: list = field(default_factory=list)
    threads: dict = field(default_factory=dict)     # tid -> (name, pid)
    end: int = 0


@dataclass
class Taking:
    """A lock on its way: wanted, waited for, held."""
    want: int
    args: dict
    tried: bool = False     # a try, whose success was not seen yet
    wait: int = None
    got: int = None
    broken: bool = False


KIND_NAMES = {READ: " (read)", WRITE: " (write)", SEQCOUNT: " (write section)"}


def thread_of(event):
    """Idle threads all have number 0: there is one a CPU."""
    return ("thread", event.tid) if event.tid else ("idle", event.cpu)


class Builder:
    """Takes the events one by one, in the order of time."""

    def __init__(self, trace):
        self.trace, self.picture = trace, Picture()
        self.running = {}       # CPU -> span
        self.stacks = {}        # (what, track) -> open spans
        self.takings = {}       # (track, kind, lock) -> Takings, the last is the innermost
        self.lock_names = {}
        self.asking = {}        # CPU -> its shootdown's span
        self.asked = {}         # (asker, receiver) -> when
        self.sent = {}          # (receiver, kind) -> [(span, when)]
        self.handlers = {
            read.FAULT_BEGIN: self.fault_begin, read.FAULT_SPF: self.fault_spf,
            read.FAULT_CLASSIC: self.fault_classic, read.FAULT_END: self.fault_end,
            read.LOCK: self.lock, read.LOCK_WAIT: self.lock_wait,
            read.LOCK_BROKEN: self.lock_broken, read.IPI_SEND: self.ipi_send,
            read.IPI_RECV: self.ipi_recv, read.IPI_DONE: self.ipi_done,
            read.TLB_ASK: self.tlb_ask, read.TLB_ACK: self.tlb_ack, read.SWITCH: self.switch,
            read.SYNC_PASS: self.sync_pass, read.SYNC_WAIT: self.sync_wait,
            read.SYNC_GO_ON: self.sync_go_on, read.SYSCALL_BEGIN: self.syscall_begin,
            read.SYSCALL_END: self.syscall_end, read.WATCHDOG: self.watchdog,
            read.BROKEN: self.broken,
        }

    def build(self):
        for event in self.trace.events:
            self.picture.end = event.time
            self.handlers[event.type](event)
        self.close_all()
        return self.picture

    # -- spans that nest by themselves --

    def open(self, what, track, event, name, args=None):
        span = Span(track, event.time, None, name, what, args or {})
        self.stacks.setdefault((what, track), []).append(span)
        return span

    def top(self, what, track):
        stack = self.stacks.get((what, track))
        return stack[-1] if stack else None

    def close(self, what, track, time):
        stack = self.stacks.get((what, track))
        if not stack:
            return None
        span = stack.pop()
        span.end = time
        self.picture.spans.append(span)
        return span

    def add(self, track, start, end, name, category, args):
        span = Span(track, start, end, name, category, args)
        self.picture.spans.append(span)
        return span

    def close_all(self):
        end = self.picture.end + 1      # an arrow may end with the last event, and inside
        rest = [span for stack in self.stacks.values() for span in stack]
        rest += list(self.running.values()) + list(self.asking.values())
        for span in rest:
            span.end = end
            span.args["unfinished"] = True
            self.picture.spans.append(span)
        for (track, kind, lock), takings in self.takings.items():
            for taking in takings:
                taking.args["unfinished"] = True
                self.finish_taking(track, kind, lock, taking, end)

    def moment(self, track, event, name, category, args=None, everywhere=False):
        self.picture.moments.append(Moment(track, event.time, name, category, args or {},
                                           everywhere))

    # -- who runs --

    def switch(self, event):
        if event.cpu in self.running:
            span = self.running.pop(event.cpu)
            span.end = event.time
            self.picture.spans.append(span)
        raw = event.a.to_bytes(8, "little") + event.b.to_bytes(8, "little")
        name = raw.split(b"\0")[0].decode("utf-8", "replace")
        if event.tid:
            self.picture.threads[event.tid] = (name, event.info)
        name = "idle" if name.startswith("idle/") else f"{name}[{event.tid}]"
        self.running[event.cpu] = Span(("cpu", event.cpu), event.time, None, name, "sched")

    # -- system calls and faults --

    def syscall_begin(self, event):
        self.open("syscall", thread_of(event), event,
                  self.trace.text("syscall", event.info, f"system call {event.info}"),
                  {"arg1": f"{event.a:#x}", "arg2": f"{event.b:#x}"})

    def syscall_end(self, event):
        span = self.close("syscall", thread_of(event), event.time)
        if span:
            span.args["result"] = event.a - 2 * (event.a & SIGNED)

    def fault_begin(self, event):
        flags = [name for bit, name in enumerate(read.FAULT_FLAGS) if event.info >> bit & 1]
        self.open("fault", thread_of(event), event, "fault",
                  {"address": f"{event.a:#x}", "access": " ".join(flags), "cpu": event.cpu})

    def fault_spf(self, event):
        span = self.top("fault", thread_of(event))
        if span:
            span.args["speculative"] = self.trace.text("reason", event.info)
            span.name = "fault, speculative" if event.info == 0 else \
                f"fault, speculative: {span.args['speculative']}"

    def fault_classic(self, event):
        span = self.top("fault", thread_of(event))
        if span:
            span.args["classic"] = self.trace.text("result", event.info)
            span.name += ", classic"
            if event.info:
                span.name += f": {span.args['classic']}"

    def fault_end(self, event):
        self.close("fault", thread_of(event), event.time)

    # -- locks --

    def holder(self, event, kind):
        return ("cpu", event.cpu) if kind == SPINLOCK else thread_of(event)

    def lock(self, event):
        what, kind = event.info & 0xff, event.info >> 8 & 0xff
        if kind == read.IPI_ACK:
            self.acknowledgements(event, what)
            return
        key = (self.holder(event, kind), kind, event.a)
        if event.b:
            self.lock_names[event.a] = self.trace.text("lock", event.b)
        takings = self.takings.setdefault(key, [])
        if takings and takings[-1].tried and what != read.GOT:
            self.finish_taking(*key, takings.pop(), event.time)
        if what in (read.WANT, read.TRY):
            off = "off" if event.info >> 16 & 1 else "on"
            args = {"address": f"{event.a:#x}", "interrupts": off}
            takings.append(Taking(event.time, args, tried=what == read.TRY))
        elif takings and what == read.GOT:
            takings[-1].tried = False
        elif takings and what == read.WAITED:
            takings[-1].got = event.time
        elif takings:
            self.finish_taking(*key, takings.pop(), event.time)

    def lock_wait(self, event):
        takings = self.takings.get((self.holder(event, event.info), event.info, event.a))
        if takings:
            takings[-1].wait = event.time
            takings[-1].args["waits at"] = self.trace.text("site", event.b)

    def lock_broken(self, event):
        takings = self.takings.get((self.holder(event, event.info), event.info, event.a))
        if takings:
            takings[-1].broken = True
            takings[-1].got = event.time

    def finish_taking(self, track, kind, lock, taking, end):
        name = self.lock_names.get(lock, f"lock {lock:#x}")
        category = "srcu" if kind in (SRCU, SRCU_GP) else "lock"
        if taking.tried:
            self.picture.moments.append(Moment(track, taking.want, f"{name} refused", category,
                                               taking.args))
            return
        held = taking.want
        if taking.wait is not None:
            held = taking.got if taking.got is not None else end
            self.add(track, taking.wait, held, f"waits for {name}{KIND_NAMES.get(kind, '')}",
                     category, {**taking.args, **({"broken": True} if taking.broken else {})})
            if taking.broken or taking.got is None:
                return
        text = {SRCU: f"reads {name}", SRCU_GP: f"grace period of {name}",
                SEQCOUNT: f"changes {name}"}.get(kind, f"holds {name}{KIND_NAMES.get(kind, '')}")
        self.add(track, held, end, text, category, taking.args)

    # -- shootdowns --

    def asking_span(self, event):
        span = self.asking.get(event.cpu)
        if span is None:
            span = self.asking[event.cpu] = Span(("cpu", event.cpu), event.time, None,
                                                 "shootdown", "ipi", {"asks": []})
        return span

    def tlb_ask(self, event):
        span = self.asking_span(event)
        span.args["asks"].append(event.info)
        span.args["range"] = f"{event.a:#x} to {event.b:#x}"
        self.asked[event.cpu, event.info] = event.time

    def acknowledgements(self, event, what):
        """From WANT to LEFT the initiator waits; the span began with the first request."""
        if what == read.WANT:
            self.asking_span(event)
        elif event.cpu in self.asking:
            span = self.asking.pop(event.cpu)
            span.end = event.time
            self.picture.spans.append(span)

    def tlb_ack(self, event):
        asker, source = event.info, self.asking.get(event.info)
        when = self.asked.pop((asker, event.cpu), None)
        handler = self.top("ipi", ("cpu", event.cpu))
        if source is None or when is None or handler is None:
            return
        handler.args.setdefault("serves", []).append(asker)
        self.picture.arrows.append(Arrow(source, when, handler, event.time, "shootdown"))
        self.picture.arrows.append(Arrow(handler, event.time, source, event.time + 1,
                                         "acknowledgement"))

    # -- interrupts between CPUs --

    def ipi_send(self, event):
        kind = self.trace.text("ipi", event.info)
        if kind == "tlb":       # its requests are arrows of their own
            return
        span = self.add(("cpu", event.cpu), event.time, event.time + 1, f"sends {kind}", "ipi",
                        {"to": event.a})
        self.sent.setdefault((event.a, event.info), []).append(span)

    def ipi_recv(self, event):
        kind = self.trace.text("ipi", event.info)
        span = self.open("ipi", ("cpu", event.cpu), event, f"interrupt {kind}")
        for source in self.sent.pop((event.cpu, event.info), []):
            self.picture.arrows.append(Arrow(source, source.start, span, event.time, kind))

    def ipi_done(self, event):
        self.close("ipi", ("cpu", event.cpu), event.time)

    # -- schedules and the watchdog --

    def sync_pass(self, event):
        self.moment(thread_of(event), event, self.trace.text("sync", event.info), "sync",
                    {"passage": event.a})

    def sync_wait(self, event):
        self.open("sync", thread_of(event), event,
                  f"at {self.trace.text('sync', event.info)} waits for "
                  f"{self.trace.text('sync', event.a)}*{event.b}")

    def sync_go_on(self, event):
        span = self.close("sync", thread_of(event), event.time)
        if span and event.info:
            span.args["expired"] = True

    def watchdog(self, event):
        self.moment(("cpu", event.b), event,
                    self.trace.text("watchdog", event.info), "watchdog",
                    {"CPUs": event.a}, True)

    def broken(self, event):
        self.moment(("cpu", event.cpu), event, f"{event.info} waits broken", "watchdog", None,
                    True)


def build(trace):
    """The Picture of a Trace."""
    return Builder(trace).build()
