# SPDX-License-Identifier: GPL-2.0-only
"""Traces: reading what a kernel wrote whole, cut or garbled; spans, arrows and their JSON; and that
the checker of the format finds what is wrong."""

import importlib.util
import json
import random
import re
import unittest

from base import ROOT, World
import trace_format
from runner import trace_json, trace_read as read, trace_spans

spec = importlib.util.spec_from_file_location("trace_picture", ROOT / "tools/trace-picture.py")
trace_picture = importlib.util.module_from_spec(spec)
spec.loader.exec_module(trace_picture)

PTL, SEM = 0xffff80000ff85500, 0xffff80000ff86600
PTL_NAME, SEM_NAME, SITE = 0x1000, 0x2000, 0x3000
TLB, WAKE = 2, 0


def text(kind, key, value):
    data = value.encode()
    pad = -len(data) % read.RECORD.size
    head = read.RECORD.pack(read.TEXT, 0, read.TEXTS.index(kind), key, len(data))
    return head + data + bytes(pad)


NAMES = b"".join([text("lock", PTL_NAME, "ptl"), text("lock", SEM_NAME, "mmap_sem"),
                  text("site", SITE, "ptl_lock_spin+0x78/0x90"), text("ipi", TLB, "tlb"),
                  text("ipi", WAKE, "wake"), text("reason", 0, "ok"),
                  text("reason", 16, "trylock"), text("result", 0, "done"),
                  text("syscall", 11, "munmap"),
                  text("watchdog", 1, "DEADLOCK: shootdown and lock"),
                  text("sync", 3, "spf_found"), text("sync", 4, "a_point_with_a_name_of_more_"
                                                     "than_thirty_two_characters")])


def dump(cpus, lost=0, why="the run is over", names=NAMES, complete=True):
    """A dump of @cpus: for each a list of (time, type, tid, info, a, b)."""
    data = read.RECORD.pack(read.DUMP_BEGIN, 0, read.VERSION, read.MAGIC, len(cpus))
    data += text("why", 0, why) + names
    for cpu, events in enumerate(cpus):
        data += read.RECORD.pack(read.CPU, 0, cpu, len(events), lost)
        for time, kind, *rest in events:
            tid, info, a, b = rest + [0] * (4 - len(rest))
            data += read.RECORD.pack(time << 8 | kind, tid, info, a, b)
    if complete:
        data += read.RECORD.pack(read.DUMP_END, 0, 0, len(data) // read.RECORD.size + 1, 0)
    return data


def switch(time, tid, name, pid=0):
    raw = name.encode().ljust(16, b"\0")
    return (time, read.SWITCH, tid, pid, int.from_bytes(raw[:8], "little"),
            int.from_bytes(raw[8:], "little"))


def lock(time, tid, what, kind, address, name=0, off=0):
    return (time, read.LOCK, tid, what | kind << 8 | off << 16, address, name)


DEADLOCK = [
    [switch(1000, 5, "utest", 5),
     (1100, read.SYSCALL_BEGIN, 5, 11, 0x7000, 0x1000),
     lock(1200, 5, read.WANT, read.SPINLOCK, PTL, PTL_NAME),
     (1300, read.TLB_ASK, 5, 1, 0x7000, 0x8000),
     lock(1310, 5, read.WANT, read.IPI_ACK, 0x99),
     (9000, read.WATCHDOG, 5, 1, 2, 0), (9001, read.WATCHDOG, 5, 1, 2, 1),
     (9050, read.IPI_SEND, 5, WAKE, 1), (9100, read.BROKEN, 5, 1),
     lock(9400, 5, read.LEFT, read.IPI_ACK, 0x99),
     lock(9500, 5, read.LEFT, read.SPINLOCK, PTL),
     (9600, read.SYSCALL_END, 5, 11, 2 ** 64 - 22)],
    [switch(1000, 6, "utest", 5),
     (1150, read.FAULT_BEGIN, 6, 0b101, 0x7123),
     lock(1220, 6, read.TRY, read.SPINLOCK, PTL, PTL_NAME, 1),
     lock(1230, 6, read.WANT, read.SPINLOCK, PTL, PTL_NAME, 1),
     (1240, read.LOCK_WAIT, 6, read.SPINLOCK, PTL, SITE),
     (9200, read.LOCK_BROKEN, 6, read.SPINLOCK, PTL),
     lock(9210, 6, read.LEFT, read.SPINLOCK, PTL),
     (9300, read.IPI_RECV, 6, TLB), (9310, read.TLB_ACK, 6, 0), (9320, read.IPI_DONE, 6, TLB),
     (9330, read.IPI_RECV, 6, WAKE), (9340, read.IPI_DONE, 6, WAKE),
     (9350, read.FAULT_SPF, 6, 16), (9700, read.FAULT_CLASSIC, 6, 0), (9710, read.FAULT_END, 6)],
]


def build(*cpus):
    return trace_spans.build(read.read(dump(cpus)))


def named(picture, name):
    found = [span for span in picture.spans if span.name == name]
    assert len(found) == 1, (name, [span.name for span in picture.spans])
    return found[0]


class Reading(unittest.TestCase):
    def test_whole(self):
        trace = read.read(dump(DEADLOCK))
        self.assertEqual((trace.problems, trace.cpus, trace.reasons),
                         ([], 2, ["the run is over"]))
        self.assertEqual(len(trace.events), sum(map(len, DEADLOCK)))
        self.assertEqual([event.time for event in trace.events],
                         sorted(event.time for event in trace.events))
        self.assertTrue(trace.text("sync", 4).endswith("thirty_two_characters"))

    def test_every_cut_gives_a_valid_trace(self):
        data = dump(DEADLOCK)
        for size in range(0, len(data), 7):
            trace = read.read(data[:size])
            self.assertEqual(trace_format.problems(trace_json.to_json(trace)), [], size)
            if size:
                self.assertTrue(trace.problems, size)
        self.assertLess(len(read.read(data[:-32]).events), 100)
        self.assertEqual(len(read.read(data[:-32]).events), sum(map(len, DEADLOCK)))

    def test_garbage(self):
        draw, data = random.Random(1), dump(DEADLOCK)
        for _ in range(300):
            bad = bytearray(data)
            for _ in range(draw.randrange(1, 20)):
                bad[draw.randrange(len(bad))] = draw.randrange(256)
            trace_json.to_json(read.read(bytes(bad)))
        for junk in (b"[]", b"x" * 100, bytes(4096)):
            self.assertTrue(read.read(junk).problems)

    def test_two_dumps_and_losses(self):
        early = dump([[switch(1, 5, "utest", 5)]], lost=3, why="test a.b failed")
        trace = read.read(early + dump([[switch(2, 6, "utest", 5)]], lost=4))
        self.assertEqual(trace.problems, [])
        self.assertEqual(trace.reasons, ["test a.b failed", "the run is over"])
        self.assertEqual((len(trace.events), trace.lost), (2, {0: 7}))

    def test_a_dump_in_a_dump(self):
        trace = read.read(dump([[]], complete=False) + dump([[]]))
        self.assertEqual(trace.problems, ["a dump was cut short by another"])

    def test_numbers_are_the_kernels(self):
        header = (ROOT / "lab/trace.h").read_text()
        for name, value in re.findall(r"^\tTRACE_(\w+) = (\d+),", header, re.MULTILINE):
            ours = {"DUMP_BEGIN": read.DUMP_BEGIN}.get(name, getattr(read, name, None))
            self.assertEqual(ours, int(value), name)
        texts = re.findall(r"^\tTRACE_TEXT_(\w+),", header, re.MULTILINE)
        self.assertEqual([name.lower() for name in texts], list(read.TEXTS))
        hooks = (ROOT / "lab/hook.h").read_text()
        # What comes behind concerns lockdep alone.
        for enum, last in (("hook_event", "LEFT"), ("hook_kind", "IPI_ACK")):
            body = re.search(rf"enum {enum} {{(.*?)}};", hooks, re.DOTALL).group(1)
            names = re.findall(r"^\tHOOK_(\w+),", body, re.MULTILINE)
            for number, name in enumerate(names[:names.index(last) + 1]):
                self.assertEqual(getattr(read, name), number, name)


class Spans(unittest.TestCase):
    def test_a_deadlock(self):
        picture = build(*DEADLOCK)
        hold, wait = named(picture, "holds ptl"), named(picture, "waits for ptl")
        self.assertEqual((hold.track, hold.start, hold.end), (("cpu", 0), 1200, 9500))
        self.assertEqual((wait.track, wait.start, wait.end), (("cpu", 1), 1240, 9200))
        self.assertEqual(wait.args["interrupts"], "off")
        self.assertEqual(wait.args["waits at"], "ptl_lock_spin+0x78/0x90")
        self.assertTrue(wait.args["broken"])
        self.assertEqual([moment.name for moment in picture.moments][0], "ptl refused")
        asks = named(picture, "shootdown")
        self.assertEqual((asks.start, asks.end, asks.args["asks"]), (1300, 9400, [1]))
        fault = named(picture, "fault, speculative: trylock, classic")
        self.assertEqual(fault.args["access"], "write user")
        self.assertEqual(named(picture, "munmap").args["result"], -22)
        self.assertEqual([(arrow.name, arrow.start, arrow.end) for arrow in picture.arrows],
                         [("shootdown", 1300, 9310), ("acknowledgement", 9310, 9311),
                          ("wake", 9050, 9330)])

    def test_waiting_and_getting(self):
        picture = build([lock(10, 5, read.WANT, read.WRITE, SEM, SEM_NAME),
                         (12, read.LOCK_WAIT, 5, read.WRITE, SEM, SITE),
                         lock(40, 5, read.WAITED, read.WRITE, SEM, SEM_NAME)],
                        [lock(50, 5, read.LEFT, read.WRITE, SEM)])
        wait, hold = (named(picture, f"{verb} mmap_sem (write)")
                      for verb in ("waits for", "holds"))
        self.assertEqual((wait.track, wait.start, wait.end), (("thread", 5), 12, 40))
        self.assertEqual((hold.start, hold.end), (40, 50))

    def test_a_try(self):
        picture = build([lock(10, 5, read.TRY, read.SPINLOCK, PTL, PTL_NAME),
                         lock(11, 5, read.GOT, read.SPINLOCK, PTL, PTL_NAME),
                         lock(20, 5, read.LEFT, read.SPINLOCK, PTL),
                         lock(30, 5, read.TRY, read.SPINLOCK, PTL, PTL_NAME)])
        self.assertEqual(named(picture, "holds ptl").end, 20)
        self.assertEqual([moment.time for moment in picture.moments], [30])

    def test_what_had_begun_before_is_left_out(self):
        picture = build([lock(10, 5, read.LEFT, read.SPINLOCK, PTL),
                         (11, read.SYSCALL_END, 5, 11), (12, read.FAULT_END, 5),
                         (13, read.IPI_DONE, 5, TLB), (14, read.SYNC_GO_ON, 5)])
        self.assertEqual(picture.spans, [])

    def test_what_has_not_ended_is_marked(self):
        picture = build([lock(10, 5, read.WANT, read.SPINLOCK, PTL, PTL_NAME),
                         (20, read.FAULT_BEGIN, 5, 0, 0x7000), switch(30, 4, "idle/0")])
        self.assertEqual({(span.name, span.end, span.args["unfinished"])
                          for span in picture.spans if span.end == 31},
                         {("holds ptl", 31, True), ("fault", 31, True), ("idle", 31, True)})

    def test_read_sections_nest(self):
        events = [lock(time, 5, what, read.SRCU, SEM, SEM_NAME if what == read.WANT else 0)
                  for time, what in ((1, read.WANT), (2, read.WANT), (3, read.LEFT),
                                     (4, read.LEFT))]
        self.assertEqual([(span.start, span.end) for span in build(events).spans],
                         [(2, 3), (1, 4)])

    def test_locks_that_do_not_nest_get_a_second_lane(self):
        events = [lock(1, 5, read.WANT, read.SPINLOCK, 1, PTL_NAME),
                  lock(2, 5, read.WANT, read.SPINLOCK, 2, SEM_NAME),
                  lock(3, 5, read.LEFT, read.SPINLOCK, 1),
                  lock(4, 5, read.LEFT, read.SPINLOCK, 2)]
        result = trace_json.to_json(read.read(dump([events])))
        self.assertEqual(trace_format.problems(result), [])
        self.assertIn('"CPU 0 (2)"', result)


class Json(unittest.TestCase):
    def setUp(self):
        self.text = trace_json.to_json(read.read(dump(DEADLOCK)))
        self.document = json.loads(self.text)

    def test_valid(self):
        self.assertEqual(trace_format.problems(self.text), [])
        phases = {event["ph"] for event in self.document["traceEvents"]}
        self.assertEqual(phases, {"M", "X", "i", "s", "f", "C"})

    def test_nanoseconds_survive(self):
        for time in list(range(1, 3000)) + [10 ** 12 + n for n in range(3000)]:
            self.assertEqual(trace_format.nanoseconds(trace_json.microseconds(time)), time)

    def changed(self, phase, **values):
        """The checker's opinion once the first event of @phase is changed; None removes a key."""
        document = json.loads(self.text)
        event = next(event for event in document["traceEvents"] if event["ph"] == phase)
        for key, value in values.items():
            event[key] = value
            if value is None:
                del event[key]
        return " ".join(trace_format.problems(json.dumps(document)))

    def test_the_checker_finds(self):
        self.assertIn("no JSON", trace_format.problems(self.text[:-10])[0])
        self.assertIn("no list", trace_format.problems("[]")[0])
        for phase, values, words in (
                ("X", {"dur": -1}, "no dur"), ("X", {"ph": "Q"}, "no known phase"),
                ("X", {"pid": 0}, "pid is no"), ("X", {"tid": "1"}, "tid is no"),
                ("X", {"name": ""}, "no name"), ("X", {"ts": None}, "ts is no time"),
                ("X", {"ts": 1e6}, "not in the order"), ("X", {"dur": 3.0}, "overlaps another"),
                ("X", {"tid": 77}, "has no name"), ("X", {"args": {"a": {}}}, "plain values"),
                ("i", {"s": "x"}, "without a scope"), ("C", {"args": {}}, "without numbers"),
                ("f", {"bp": None}, "does not bind"), ("s", {"id": 999}, "one end only"),
                ("s", {"tid": 77}, "outside all spans"), ("M", {"name": "odd"}, "unknown meta")):
            with self.subTest(words=words):
                self.assertIn(words, self.changed(phase, **values))


class Picture(unittest.TestCase):
    def test_the_same_story_gives_the_same_picture(self):
        svg = trace_picture.draw(dump(DEADLOCK))
        slower = [[(event[0] * 3, *event[1:]) for event in cpu] for cpu in DEADLOCK]
        self.assertEqual(trace_picture.draw(dump(slower)), svg)
        self.assertEqual((ROOT / "docs/pictures/deadlock.svg").read_text(), svg)

    def test_another_story(self):
        other = [[event for event in cpu if event[1] != read.BROKEN] for cpu in DEADLOCK]
        self.assertNotIn("breaks a wait", trace_picture.draw(dump(other)))

    def test_nothing_to_draw(self):
        calm = [[event for event in cpu if event[1] != read.WATCHDOG] for cpu in DEADLOCK]
        nobody = [[event for event in cpu if event[1] != read.SWITCH] for cpu in DEADLOCK]
        for cpus, words in ((calm, "no deadlock"), (nobody, "what ran on CPU 0")):
            with self.assertRaisesRegex(trace_picture.Missing, words):
                trace_picture.draw(dump(cpus))


class Runs(World):
    def run_traced(self, data, *options):
        path = self.place / "guest-trace"
        path.write_bytes(data)
        return self.run_qemu("traced", "--trace", *options, FAKE_TRACE=str(path))

    def test_a_trace_is_converted_and_told(self):
        done = self.run_traced(dump(DEADLOCK, lost=2), "tlb.lazy")
        self.assertEqual(done.code, 0, done.err)
        self.assertRegex(done.out, r"trace +\S+trace.json, 27 events; open it at ui.perfetto.dev")
        self.assertIn("the oldest 4 events were overwritten", done.out)
        self.assertEqual(trace_format.problems(
            (self.out / "latest" / "trace.json").read_text()), [])
        self.assertIn("test=tlb.lazy trace=all", self.results()["words"])

    def test_half_a_trace(self):
        done = self.run_traced(dump(DEADLOCK)[:-100])
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("the trace ends in the middle of a dump", done.out)
        self.assertEqual(trace_format.problems(
            (self.out / "latest" / "trace.json").read_text()), [])

    def test_categories_and_test_names(self):
        for options, trace, globs in ((["--trace", "lock,ipi"], "lock,ipi", None),
                                      (["--trace=sync", "lock"], "sync", "lock"),
                                      (["--trace"], "all", None),
                                      (["--trace", "deadlock.zap_spin"], "all",
                                       "deadlock.zap_spin")):
            self.run_qemu("pass", *options)
            words = self.results()["words"].split()
            self.assertIn(f"trace={trace}", words)
            self.assertEqual([word for word in words if word.startswith("test=")],
                             [f"test={globs}"] if globs else [])
