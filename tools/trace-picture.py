#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Draws a deadlock out of a trace: who holds what, who waits for whom, and how it ended.

    tools/trace-picture.py TRACE [-o FILE]      an SVG of the first deadlock in TRACE (trace.bin)
    tools/trace-picture.py TRACE --check FILE   exit status 1 if FILE is not that picture

The axis is order, not duration: a CPU's own events stand left to right as they happened, and what
another CPU caused stands right of its cause. So the picture has neither times nor addresses in it,
and every run in which the same happens gives the same bytes.
"""

import argparse
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runner import trace_read, trace_spans  # noqa: E402

STYLE = """
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
.cpu { font-weight: bold; }
.small { font-size: 11px; fill: #59636e; }
.paper { fill: #ffffff; stroke: #d1d9e0; }
.lane { fill: #f3f5f8; }
.task { fill: #d8dee6; }
.hold { fill: #ffd58a; stroke: #b97a00; }
.wait { fill: #ffd7d5; stroke: #cf222e; stroke-dasharray: 5 3; }
.done { fill: #cbe9d2; stroke: #1a7f37; }
.line { stroke: #0969da; stroke-width: 1.6; fill: none; }
.head { fill: #0969da; }
.blue { fill: #0550ae; }
.proof { stroke: #cf222e; stroke-width: 1.6; stroke-dasharray: 2 3; }
.red { fill: #cf222e; font-weight: bold; }
.broken { stroke: #1a7f37; stroke-width: 1.6; stroke-dasharray: 2 3; }
.green { fill: #1a7f37; font-weight: bold; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.small { fill: #9198a1; }
.paper { fill: #0d1117; stroke: #3d444d; }
.lane { fill: #161b22; }
.task { fill: #30363d; }
.hold { fill: #5a3e00; stroke: #d29922; }
.wait { fill: #5d1a1d; stroke: #f85149; }
.done { fill: #12381d; stroke: #3fb950; }
.line { stroke: #58a6ff; }
.head { fill: #58a6ff; }
.blue { fill: #79c0ff; }
.proof { stroke: #f85149; }
.red { fill: #ff7b72; }
.broken { stroke: #3fb950; }
.green { fill: #56d364; }
}
"""

BAR, ROW, GUTTER, MARGIN, GAP = 24, 30, 64, 12, 46
TOP, FOOT, MIN_STEP, PAD, SIDE = 50, 42, 32, 9, 10


class Missing(Exception):
    """The trace does not hold what the picture is to show."""


@dataclass
class Bar:
    cpu: int
    start: int
    end: int
    label: str
    look: str
    row: int = 0


# -- what is to be shown ------------------------------------------------------

def covers(span, time):
    return span.start <= time <= span.end


class Story:
    """The bars, arrows and moments of the first deadlock of a trace."""

    def __init__(self, picture):
        proofs = [moment for moment in picture.moments if moment.category == "watchdog"]
        cycle = [moment for moment in proofs if moment.name.startswith("DEADLOCK")]
        if not cycle:
            raise Missing("there is no deadlock in this trace; was it taken with --trace?")
        count = cycle[0].args["CPUs"]
        self.proof = cycle[0].time
        self.cpus = sorted(moment.track[1] for moment in cycle[:count])
        self.broken = next((moment.time for moment in proofs if moment.time > self.proof
                            and moment.name.endswith("broken")), None)
        self.bars = [bar for cpu in self.cpus for bar in self.bars_of(picture, cpu)]
        self.arrows = [arrow for arrow in picture.arrows
                       if arrow.name in ("shootdown", "acknowledgement")
                       and self.is_in_cycle(arrow)]

    def is_in_cycle(self, arrow):
        ask = arrow.source if arrow.name == "shootdown" else arrow.target
        return covers(ask, self.proof) and {arrow.source.track[1],
                                            arrow.target.track[1]} <= set(self.cpus)

    def bars_of(self, picture, cpu):
        """What @cpu was doing, holding and waiting for when the deadlock was proved. Locks that
        nobody waits for, such as those of who looks, are left out."""
        tid = next((int(span.name.split("[")[1][:-1]) for span in picture.spans
                    if span.category == "sched" and span.track == ("cpu", cpu)
                    and covers(span, self.proof) and "[" in span.name), None)
        if tid is None:
            raise Missing(f"the trace does not say what ran on CPU {cpu}")
        open_spans = [span for span in picture.spans if covers(span, self.proof)]
        mine = [span for span in open_spans if span.track == ("thread", tid)
                and span.category in ("syscall", "fault")]
        bars = [Bar(cpu, span.start, span.end, task_label(span), "task") for span in mine]
        waited = {span.args["address"] for span in open_spans
                  if span.category == "lock" and span.name.startswith("waits")}
        locks = [span for span in open_spans if span.track == ("cpu", cpu)
                 and (span.name == "shootdown"
                      or span.category == "lock" and span.args["address"] in waited)]
        for span in sorted(locks, key=lambda span: span.start):
            bars.append(Bar(cpu, span.start, span.end, lock_label(span),
                            "hold" if span.name.startswith("holds") else "wait"))
        for row, bar in enumerate(bars):
            bar.row = row
        return bars


def task_label(span):
    if span.category == "syscall":
        return span.name
    if "speculative" not in span.args:
        return "page fault"
    return "page fault, speculative" + (", then classic" if "classic" in span.args else "")


def lock_label(span):
    if span.name == "shootdown":
        asked = ", ".join(str(cpu) for cpu in span.args["asks"])
        many = "s" if len(span.args["asks"]) > 1 else ""
        return f"waits for the acknowledgement{many} of CPU{many} {asked}"
    if span.name.startswith("waits"):
        return f"{span.name}, interrupts {span.args['interrupts']}"
    return span.name


# -- order instead of time ----------------------------------------------------

class Columns:
    """A column for each (CPU, time): right of what came before on the CPU and of its cause."""

    def __init__(self, story):
        self.of = {}
        self.last = {cpu: -1 for cpu in story.cpus}
        causes = {(arrow.target.track[1], arrow.end): (arrow.source.track[1], arrow.start)
                  for arrow in story.arrows}
        points = {(time, bar.cpu) for bar in story.bars for time in (bar.start, bar.end)}
        points |= {(time, cpu) for end, start in causes.items()
                   for cpu, time in (end, start)}
        self.moments = [time for time in (story.proof, story.broken) if time is not None]
        points |= {(time, None) for time in self.moments}
        for time, cpu in sorted(points, key=lambda point: (point[0], point[1] is None, point[1])):
            self.place(time, cpu, causes.get((cpu, time)))

    def place(self, time, cpu, cause):
        if cpu is None:
            column = max(self.last.values()) + 1
            self.last = dict.fromkeys(self.last, column)
        else:
            column = max(self.last[cpu], self.of[cause] if cause else -1) + 1
            self.last[cpu] = column
        self.of[cpu, time] = column

    def positions(self, bars):
        """An x for each column, so far apart that every label fits its bar, left of the proof."""
        count = max(self.of.values()) + 1
        steps = [MIN_STEP] * count
        proof = self.of[None, self.moments[0]]
        for bar in sorted(bars, key=self.start, reverse=True):
            first = self.start(bar)
            lack = text_width(bar.label) + 2 * PAD - sum(steps[first:proof])
            steps[proof - 1] += max(0, lack)
        return [sum(steps[:column]) for column in range(count)]

    def start(self, bar):
        return self.of[bar.cpu, bar.start]


def text_width(text):
    return 15 * len(text) // 2


# -- drawing ------------------------------------------------------------------

class Drawing:
    def __init__(self, story):
        self.story, self.parts = story, []
        columns = Columns(story)
        positions = columns.positions(story.bars)
        self.x_of = {key: MARGIN + GUTTER + positions[column]
                     for key, column in columns.of.items()}
        self.width = MARGIN * 2 + GUTTER + positions[-1] + 50
        self.tops, top = {}, TOP
        for cpu in story.cpus:
            self.tops[cpu] = top
            top += self.rows(cpu) * ROW + GAP
        self.bottom = top - GAP
        self.height = self.bottom + FOOT

    def rows(self, cpu):
        return sum(bar.cpu == cpu for bar in self.story.bars)

    def add(self, name, text=None, **attributes):
        words = "".join(f' {key.rstrip("_").replace("_", "-")}="{value}"'
                        for key, value in attributes.items())
        self.parts.append(f"<{name}{words}/>" if text is None
                          else f"<{name}{words}>{escape(text)}</{name}>")

    def render(self):
        self.add("rect", class_="paper", x=0.5, y=0.5, width=self.width - 1,
                 height=self.height - 1, rx=8)
        for cpu in self.story.cpus:
            self.lane(cpu)
        for bar in self.story.bars:
            self.bar(bar)
        for number, arrow in enumerate(self.story.arrows):
            self.arrow(arrow, number)
        self.moment(self.story.proof, "the watchdog proves the deadlock", "proof", "red", "end")
        if self.story.broken is not None:
            self.moment(self.story.broken, "and breaks a wait", "broken", "green", "start")
        self.add("text", "Left to right is the order of events on each CPU and along the arrows, "
                 "not their duration.", class_="small", x=MARGIN + GUTTER, y=self.height - 14)
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
                f'height="{self.height}" viewBox="0 0 {self.width} {self.height}" role="img">')
        return "\n".join([head, f"<title>{escape(self.title())}</title>",
                          f"<style>{STYLE}</style>"] + self.parts + ["</svg>", ""])

    def title(self):
        return "; ".join(f"CPU {bar.cpu} {bar.label}" for bar in self.story.bars
                         if bar.look != "task")

    def lane(self, cpu):
        top, height = self.tops[cpu], self.rows(cpu) * ROW
        self.add("rect", class_="lane", x=MARGIN, y=top - 6, width=self.width - 2 * MARGIN,
                 height=height + 6, rx=4)
        self.add("text", f"CPU {cpu}", class_="cpu", x=MARGIN + 8, y=top + 17)

    def bar(self, bar):
        left, right = self.x_of[bar.cpu, bar.start], self.x_of[bar.cpu, bar.end]
        top = self.tops[bar.cpu] + bar.row * ROW
        self.add("rect", class_=bar.look, x=left, y=top, width=right - left, height=BAR, rx=3)
        self.add("text", bar.label, x=left + PAD, y=top + 17)

    def arrow(self, arrow, number):
        """Out of the asker's lane, along the gap between the CPUs, into the receiver's."""
        source, target = arrow.source.track[1], arrow.target.track[1]
        x1, x2 = self.x_of[source, arrow.start], self.x_of[target, arrow.end]
        if arrow.name != "shootdown":
            x1 += SIDE      # beside the request, which ends there
        down = self.tops[target] > self.tops[source]
        y1 = self.edge(source, down)
        y2 = self.edge(target, not down)
        middle = (y1 + y2) / 2
        tip = y2 - 7 if down else y2 + 7
        self.add("path", class_="line", d=f"M{x1} {y1} V{middle} H{x2} V{tip}")
        self.add("path", class_="head", d=f"M{x2 - 5} {tip} H{x2 + 5} L{x2} {y2} Z")
        if arrow.name == "shootdown":
            self.add("text", "interrupt: pending", class_="blue", x=x1 + PAD, y=middle - 5)
            self.add("text", "taken", class_="blue", x=x2 - PAD, y=middle - 5, text_anchor="end")
        else:
            self.add("text", "acknowledged", class_="blue", x=x2 + PAD, y=middle + 4)

    def edge(self, cpu, lower):
        return self.tops[cpu] + (self.rows(cpu) * ROW if lower else -6)

    def moment(self, time, text, look, colour, anchor):
        x = self.x_of[None, time]
        self.add("line", class_=look, x1=x, y1=TOP - 16, x2=x, y2=self.bottom + 2)
        self.add("text", text, class_=colour, x=x + (5 if anchor == "start" else 0),
                 y=TOP - 24, text_anchor=anchor)


def draw(data):
    """The SVG of the trace in the bytes @data."""
    return Drawing(Story(trace_spans.build(trace_read.read(data)))).render()


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("trace", type=Path, help="trace.bin of a run")
    parser.add_argument("-o", "--output", type=Path, help="where to write the SVG")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare with FILE instead")
    args = parser.parse_args(argv)
    try:
        svg = draw(args.trace.read_bytes())
        if args.check and args.check.read_text() != svg:
            print(f"{args.check} is not the picture of {args.trace}", file=sys.stderr)
            return 1
    except (OSError, Missing) as err:
        print(f"trace-picture: {err}", file=sys.stderr)
        return 2
    if args.output:
        args.output.write_text(svg)
    elif not args.check:
        sys.stdout.write(svg)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
