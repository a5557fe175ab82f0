# SPDX-License-Identifier: GPL-2.0-only
"""A trace as Chrome trace events, which ui.perfetto.dev and chrome://tracing open.

Each CPU and each thread is a track. On a track spans must nest; those that do not, such as locks
released in another order than taken, go to a second track of the same name.

Source: the Trace Event Format.
"""

import json

from . import trace_read, trace_spans

# Numbers that no process of the guest has.
PID_CPUS, PID_KERNEL, TID_EXTRA = 1 << 20, (1 << 20) + (1 << 18), 1 << 21


def microseconds(time):
    """Times are in microseconds. Readers multiply by 1000 and cut, so a tenth of a nanosecond is
    added, lest a rounded number loses a whole one and a span no longer nests."""
    return (time * 10 + 1) / 10000 if time else 0


def lay_out(spans):
    """Puts the spans of one track on lanes on which they nest; the number of lanes."""
    lanes = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        for number, stack in enumerate(lanes):
            while stack and stack[-1] <= span.start:
                stack.pop()
            if not stack or stack[-1] >= span.end:
                break
        else:
            number = len(lanes)
            lanes.append([])
        lanes[number].append(span.end)
        span.lane = number
    return len(lanes)


class Tracks:
    """Gives each track and lane its pid and tid, and tells their names."""

    def __init__(self, picture):
        self.picture, self.places, self.metadata, self.extra = picture, {}, [], TID_EXTRA
        by_track = {}
        for span in picture.spans:
            by_track.setdefault(span.track, []).append(span)
        for moment in picture.moments:
            by_track.setdefault(moment.track, [])
        self.processes = {}
        for track in sorted(by_track, key=str_key):
            self.add_track(track, lay_out(by_track[track]))

    def add_track(self, track, lanes):
        pid, tid, name = self.identity(track)
        for lane in range(max(1, lanes)):
            if lane:
                self.extra += 1
            self.places[track, lane] = (pid, self.extra if lane else tid)
            self.name_thread(pid, self.places[track, lane][1], name if not lane
                             else f"{name} ({lane + 1})", len(self.places))

    def identity(self, track):
        kind, number = track
        if kind == "cpu":
            self.name_process(PID_CPUS, "CPUs", 0)
            return PID_CPUS, PID_CPUS + 1 + number, f"CPU {number}"
        if kind == "idle":
            self.name_process(PID_KERNEL, "kernel threads", 1)
            return PID_KERNEL, PID_KERNEL + 1 + number, f"idle/{number}"
        name, pid = self.picture.threads.get(number, (f"thread {number}", 0))
        if not pid:
            self.name_process(PID_KERNEL, "kernel threads", 1)
            return PID_KERNEL, number, name
        self.name_process(pid, name, 1 + pid)
        return pid, number, name

    def name_process(self, pid, name, index):
        if pid in self.processes:
            return
        self.processes[pid] = name
        self.metadata += [meta("process_name", pid, pid, name=name),
                          meta("process_sort_index", pid, pid, sort_index=index)]

    def name_thread(self, pid, tid, name, index):
        self.metadata += [meta("thread_name", pid, tid, name=name),
                          meta("thread_sort_index", pid, tid, sort_index=index)]


def str_key(track):
    return ({"cpu": 0, "idle": 1, "thread": 2}[track[0]], track[1])


def meta(what, pid, tid, **args):
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "ts": 0, "args": args}


def of_span(span, tracks):
    pid, tid = tracks.places[span.track, span.lane]
    return {"ph": "X", "name": span.name, "cat": span.category, "pid": pid, "tid": tid,
            "ts": microseconds(span.start), "dur": microseconds(span.end - span.start),
            "args": span.args}


def of_moment(moment, tracks):
    pid, tid = tracks.places[moment.track, 0]
    return {"ph": "i", "s": "g" if moment.everywhere else "t", "name": moment.name,
            "cat": moment.category, "pid": pid, "tid": tid, "ts": microseconds(moment.time),
            "args": moment.args}


def of_arrow(arrow, number, tracks):
    """A pair: each end lies in its span."""
    ends = []
    for phase, span, time in (("s", arrow.source, arrow.start), ("f", arrow.target, arrow.end)):
        pid, tid = tracks.places[span.track, span.lane]
        inside = min(max(time, span.start), max(span.start, span.end - 1))
        ends.append({"ph": phase, "id": number, "name": arrow.name, "cat": "ipi", "pid": pid,
                     "tid": tid, "ts": microseconds(inside), "bp": "e"})
    return ends


COUNTERS = {
    "faults": lambda span: span.category == "fault",
    "waits for locks": lambda span: span.name.startswith("waits for "),
    "shootdowns": lambda span: span.name == "shootdown",
}


def of_counter(name, wanted, spans):
    """How many of the spans are open, at each change."""
    changes = {}
    for span in spans:
        if wanted(span):
            changes[span.start] = changes.get(span.start, 0) + 1
            changes[span.end] = changes.get(span.end, 0) - 1
    value = 0
    for time in sorted(changes):
        value += changes[time]
        if changes[time]:
            yield {"ph": "C", "name": name, "pid": PID_CPUS, "tid": PID_CPUS,
                   "ts": microseconds(time), "args": {"in progress": value}}


def events_of(picture):
    tracks = Tracks(picture)
    events = [of_span(span, tracks) for span in picture.spans]
    events += [of_moment(moment, tracks) for moment in picture.moments]
    for number, arrow in enumerate(picture.arrows, 1):
        events += of_arrow(arrow, number, tracks)
    for name, wanted in COUNTERS.items():
        events += of_counter(name, wanted, picture.spans)
    events.sort(key=lambda event: (event["ts"], -event.get("dur", 0)))
    return tracks.metadata + events


def to_json(trace):
    """The text of trace.json, one event a line."""
    other = {"cpus": trace.cpus, "dumps": trace.reasons, "problems": trace.problems,
             "overwritten": {f"CPU {cpu}": lost for cpu, lost in sorted(trace.lost.items())}}
    lines = ",\n".join(json.dumps(event, separators=(",", ":"))
                       for event in events_of(trace_spans.build(trace)))
    return ('{"displayTimeUnit":"ns",\n"otherData":' + json.dumps(other)
            + ',\n"traceEvents":[\n' + lines + "\n]}\n")


def convert(source, target):
    """Makes trace.json out of the channel's file; the Trace, or None if nothing was traced."""
    try:
        data = source.read_bytes()
    except OSError:
        return None
    if not data:
        return None
    trace = trace_read.read(data)
    target.write_text(to_json(trace))
    return trace
