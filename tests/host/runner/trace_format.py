# SPDX-License-Identifier: GPL-2.0-only
"""A strict reader of Chrome trace events: what the format asks for, and what Perfetto's importer
needs beyond it (a tid only once, spans that nest, arrows whose ends lie in spans).

Source: the Trace Event Format; Perfetto's JSON importer cuts times to whole nanoseconds, as here.
"""

import json

NAMES = {"process_name": "name", "thread_name": "name", "process_sort_index": "sort_index",
         "thread_sort_index": "sort_index"}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def nanoseconds(value):
    return int(value * 1000.0)


class Checker:
    """Collects what is wrong, as sentences."""

    def __init__(self):
        self.problems, self.spans, self.flows = [], {}, {}
        self.threads, self.processes, self.last = {}, {}, 0

    def say(self, event, text):
        self.problems.append(f"{text}: {json.dumps(event)[:200]}")

    def check(self, text):
        try:
            document = json.loads(text)
        except ValueError as err:
            return [f"no JSON: {err}"]
        events = document.get("traceEvents") if isinstance(document, dict) else None
        if not isinstance(events, list):
            return ["no list traceEvents"]
        for event in events:
            if self.common(event):
                getattr(self, "ph_" + event["ph"])(event)
        self.names()
        self.nesting()
        self.arrows()
        return self.problems

    def common(self, event):
        """What every event has; whether the rest can be looked at."""
        if not isinstance(event, dict) or event.get("ph") not in ("M", "X", "i", "s", "f", "C"):
            self.say(event, "no known phase")
            return False
        for key in ("pid", "tid"):
            if not isinstance(event.get(key), int) or not 0 < event[key] < 2 ** 31:
                self.say(event, f"{key} is no positive number")
                return False
        if not isinstance(event.get("name"), str) or not event["name"]:
            self.say(event, "no name")
            return False
        if not is_number(event.get("ts")) or event["ts"] < 0:
            self.say(event, "ts is no time")
            return False
        if event["ph"] != "M":
            if event["ts"] < self.last:
                self.say(event, "not in the order of time")
            self.last = event["ts"]
            self.processes.setdefault(event["pid"], None)
        return self.arguments(event)

    def arguments(self, event):
        args = event.get("args", {})
        good = isinstance(args, dict) and all(
            isinstance(value, (str, int, float, bool)) or (
                isinstance(value, list) and all(is_number(item) for item in value))
            for value in args.values())
        if not good:
            self.say(event, "args are no plain values")
        return good

    def ph_M(self, event):
        key = NAMES.get(event["name"])
        value = event.get("args", {}).get(key)
        if not isinstance(value, str if key == "name" else int) or value == "":
            self.say(event, "unknown metadata")
        elif event["name"] == "process_name":
            self.processes[event["pid"]] = value
        elif event["name"] == "thread_name":
            if self.threads.setdefault(event["tid"], (event["pid"], value))[0] != event["pid"]:
                self.say(event, "a tid of two processes")

    def ph_X(self, event):
        if not is_number(event.get("dur")) or event["dur"] < 0:
            self.say(event, "no dur")
            return
        self.track(event).append((nanoseconds(event["ts"]), nanoseconds(event["ts"])
                                  + nanoseconds(event["dur"]), event))

    def ph_i(self, event):
        if event.get("s") not in ("g", "p", "t"):
            self.say(event, "an instant without a scope")
        self.track(event)

    def ph_C(self, event):
        if not event.get("args") or not all(map(is_number, event["args"].values())):
            self.say(event, "a counter without numbers")

    def ph_s(self, event):
        self.flow(event, 0)

    def ph_f(self, event):
        if event.get("bp") != "e":
            self.say(event, "an arrow's end that does not bind to its span")
        self.flow(event, 1)

    def flow(self, event, end):
        key = (event.get("cat"), event["name"], event.get("id"))
        if not isinstance(event.get("id"), int) or not event.get("cat"):
            self.say(event, "an arrow without id or cat")
            return
        ends = self.flows.setdefault(key, [None, None])
        if ends[end] is not None:
            self.say(event, "an arrow with two such ends")
        ends[end] = event

    def track(self, event):
        return self.spans.setdefault((event["pid"], event["tid"]), [])

    # -- afterwards --

    def names(self):
        for pid, name in self.processes.items():
            if name is None:
                self.problems.append(f"process {pid} has no name")
        for pid, tid in self.spans:
            if self.threads.get(tid, (None,))[0] != pid:
                self.problems.append(f"thread {tid} of process {pid} has no name")

    def nesting(self):
        for spans in self.spans.values():
            open_ends = []
            for start, end, event in sorted(spans, key=lambda span: (span[0], -span[1])):
                while open_ends and open_ends[-1] <= start:
                    open_ends.pop()
                if open_ends and open_ends[-1] < end:
                    self.say(event, "overlaps another span without being inside")
                open_ends.append(end)

    def arrows(self):
        for (_, name, number), (start, end) in self.flows.items():
            if start is None or end is None:
                self.problems.append(f"arrow {name} {number} has one end only")
                continue
            if start["ts"] > end["ts"]:
                self.say(start, "an arrow back in time")
            for event in (start, end):
                time = nanoseconds(event["ts"])
                if not any(low <= time < high for low, high, _ in
                           self.spans.get((event["pid"], event["tid"]), [])):
                    self.say(event, "an arrow's end outside all spans")


def problems(text):
    """What is wrong with the text of a trace.json, as a list of sentences."""
    return Checker().check(text)
