#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Plays QEMU for the runner's tests: writes the channel files and ends as FAKE_QEMU says."""

import itertools
import json
import os
import signal
import socket
import sys
import threading
import time

PASS, FAIL, SKIPPED, PANIC, WATCHDOG, USAGE = (2 * v + 1 for v in range(0x10, 0x16))

REPORT = """KTAP version 1
# faultline 0.1.0 x86_64
1..2
  KTAP version 1
  # Subtest: tlb
  1..2
  # shootdown_all: rounds=1000 ipis=7000
  ok 1 shootdown_all # time_ms=12.5
  ok 2 lazy # SKIP needs PCID
ok 1 tlb # time_ms=12.9
  KTAP version 1
  # Subtest: lock
  1..1
  # abba: tests/kernel/lock.c:41: looks for a cycle
  {abba} 1 abba
{abba} 2 lock
# Totals: pass:{p} fail:{f} xfail:0 xpass:0 skip:1 error:0
"""
GOOD = REPORT.format(abba="ok", p=2, f=0)
BAD = REPORT.format(abba="not ok", p=1, f=1)
EMPTY = "KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: tlb\n  1..1\n" \
        "  ok 1 lazy # SKIP needs PCID\nok 1 tlb\n" \
        "# Totals: pass:0 fail:0 xfail:0 xpass:0 skip:1 error:0\n"


class Fake:
    def __init__(self, argv):
        options = [option.replace(",,", "\0").split(",") for option in argv]
        options = [[part.replace("\0", ",") for part in parts] for parts in options]
        self.files = {parts[1][len("id="):]: parts[2][len("path="):]
                      for parts in options if parts[0] == "file"}
        for path in self.files.values():
            open(path, "wb").close()
        self.words = argv[argv.index("-append") + 1] if "-append" in argv else ""
        self.kvm = "kvm" in argv
        self.exit_channel = "panic=exit-failure" in argv
        self.cpu = argv[argv.index("-cpu") + 1]
        self.qmp = next((parts[0][len("unix:"):] for parts in options
                         if parts[0].startswith("unix:")), None)

    def say(self, channel, data):
        with open(self.files[channel], "ab") as out:
            out.write(data if isinstance(data, bytes) else data.encode())

    def word(self, key):
        for word in self.words.split():
            if word.startswith(key + "="):
                return word[len(key) + 1:]
        return None


def serve_qmp(fake):
    """Answer QMP as QEMU does; the NMI makes the 'guest' print its stacks."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(fake.qmp)
    server.listen(1)
    stream = server.accept()[0].makefile("rwb")
    stream.write(b'{"QMP": {}}\n')
    stream.flush()
    for line in stream:
        command = json.loads(line)["execute"]
        if command == "inject-nmi":
            fake.say("console", "# cpu0: stack: hang_here+0x10\n")
        answer = "CPU#0\r\nRIP=1234" if command == "human-monitor-command" else {}
        stream.write(b'{"event": "X"}\n' + json.dumps({"return": answer}).encode() + b"\n")
        stream.flush()
    time.sleep(60)


# -- scripts: each returns the exit status -------------------------------------

def play_pass(fake):
    fake.say("control", "booted_cpus=2\nschedule_hash=0x%x\nprobe_loops_per_s=100000000\n"
             % int(fake.word("seed") or "0", 16))
    fake.say("console", b"\x1b[2J firmware\r\n" + GOOD.replace("\n", "\r\n").encode())
    return PASS


def play_traced(fake):
    with open(os.environ["FAKE_TRACE"], "rb") as trace:
        fake.say("trace", trace.read())
    return play_pass(fake)


def play_fail(fake):
    fake.say("console", BAD)
    return FAIL


def play_lies(fake):
    fake.say("console", BAD)
    return PASS


def play_truncated(fake):
    fake.say("console", GOOD[:GOOD.index("ok 1 tlb")])
    return PASS


def play_bad_sign(fake):
    fake.say("console", GOOD.replace("ok 2 lock", "# BUG: page 12 freed twice\nok 2 lock"))
    return PASS


def play_expected_sign(fake):
    fake.say("console", GOOD.replace("ok 2 lock", "# expected: BUG: as planned\nok 2 lock"))
    return PASS


def play_skipped(fake):
    fake.say("console", EMPTY)
    return SKIPPED


def play_killed(fake):
    fake.say("console", "KTAP version 1\n1..2\n")
    os.kill(os.getpid(), signal.SIGKILL)


def play_reset(fake):
    fake.say("console", "KTAP version 1\n1..2\n# about to fault three times\n")
    return 0


def play_silent_reset(fake):
    return 0


def play_hang(fake):
    fake.say("console", "KTAP version 1\n1..2\n# now it hangs\n")
    serve_qmp(fake)


def answer_qmp(fake, flags):
    """QMP for one client after the other; an NMI sets the event that is returned."""
    server, nmi = socket.socket(socket.AF_UNIX), threading.Event()
    server.bind(fake.qmp)
    server.listen(4)

    def serve():
        while True:
            stream = server.accept()[0].makefile("rwb")
            stream.write(b'{"QMP": {}}\n')
            stream.flush()
            for line in stream:
                if json.loads(line)["execute"] == "inject-nmi":
                    fake.say("console", "# an NMI\n")
                    nmi.set()
                answer = {"return": f"CPU#0\r\nRFL={next(flags):08x}"}
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()
    threading.Thread(target=serve, daemon=True).start()
    return nmi


def burn(nmi):
    end = time.monotonic() + 60
    while not nmi.is_set() and time.monotonic() < end:
        pass


def play_stuck(fake):
    fake.say("console", "KTAP version 1\n1..2\n")
    burn(answer_qmp(fake, itertools.repeat(0x46)))
    fake.say("console", "# watchdog: all CPUs are stuck\n")
    return WATCHDOG


def play_busy(fake):
    """Says nothing either, but takes interrupts now and then."""
    fake.say("console", "KTAP version 1\n1..2\n")
    burn(answer_qmp(fake, itertools.cycle([0x46, 0x46, 0x246])))
    time.sleep(60)


def play_graph(fake):
    fake.say("control", "dot=digraph waitfor {\ndot=  c0 -> c1;\nboot_ns=1\ndot=}\n")
    fake.say("console", GOOD)
    return PASS


def play_mute_hang(fake):
    time.sleep(60)


def play_pid_hang(fake):
    fake.say("console", f"{os.getpid()}\n")
    time.sleep(60)


def play_flood(fake):
    for _ in range(600):
        fake.say("stdout", bytes(100000))
        time.sleep(0.05)


def play_panic(fake):
    fake.say("console", "KTAP version 1\n1..2\n# panic: no page left\n")
    return PANIC


def play_watchdog(fake):
    fake.say("console", "KTAP version 1\n1..2\n# watchdog: cpu1 waits\n")
    return WATCHDOG


def play_usage(fake):
    fake.say("console", "# faultline: error: unknown word 'colour' on the command line\n")
    return USAGE


def play_unknown_test(fake):
    fake.say("console", f"# error: no test matches '{fake.word('test')}'\n")
    return USAGE


def play_qemu_error(fake):
    sys.stderr.write("qemu: could not open kernel file\n")
    return 1


def play_no_memory(fake):
    sys.stderr.write("qemu: initrd is too large, cannot support.(max: 1, need 9)\n")
    return 1


def play_exec(fake):
    fake.say("console", "# exec: starting\n")
    fake.say("stdout", bytes(range(256)))
    fake.say("stderr", b"to stderr \xff\n")
    fake.say("control", "exec_status=42\n")
    return PASS


def play_exec_signal(fake):
    fake.say("control", "exec_signal=11\n")
    return PASS


def play_exec_mute(fake):
    return PASS


def play_list(fake):
    fake.say("console", "KTAP version 1\n1..0 # SKIP a list\n# tlb.lazy\n# lock.abba\n")
    return PASS


def play_echo(fake):
    fake.say("stdout", fake.words)
    fake.say("control", "exec_status=0\n")
    return PASS


def play_slow_kvm(fake):
    fake.say("control", "probe_loops_per_s=1000000\n")
    fake.say("console", GOOD)
    return PASS


def play_kvm_dies(fake):
    if not fake.kvm:
        return play_pass(fake)
    sys.stderr.write("noise\nKVM internal error. Suberror: 1\n")
    return 1


def play_kvm_hangs(fake):
    if not fake.kvm:
        return play_pass(fake)
    time.sleep(60)


def play_host_aborts(fake):
    if fake.kvm and fake.cpu == "host":
        sys.stderr.write("failed to set MSR 0x10a\n")
        os.kill(os.getpid(), signal.SIGABRT)
    return play_pass(fake)


def play_unsteady(fake):
    """A 'replay' that does not replay."""
    fake.say("console", f"# {time.monotonic_ns()}\n")
    return play_pass(fake)


def play_monotone(fake):
    """A schedule that no seed moves."""
    fake.say("control", "schedule_hash=0x7\n")
    fake.say("console", GOOD)
    return PASS


def play_odd_seeds_fail(fake):
    return (play_fail if int(fake.word("seed"), 16) % 2 else play_pass)(fake)


def play_explore(fake):
    """Dies of schedule 3, and of every list with 1:b in it; finds another in schedule 7."""
    preempt, begin = fake.word("preempt"), fake.word("explore_from") or "tlb.lazy:1"
    if preempt is not None:
        return (play_panic if "1:b" in preempt else play_pass)(fake)
    if int(begin.partition(":")[2]) <= 3:
        fake.say("control", "explore_schedule=tlb.lazy 3\nexplore_running=none\n"
                 "explore_running=0:a\nexplore_running=0:a,1:b*2,0:c\n")
        return play_panic(fake)
    fake.say("control", "explore_schedule=tlb.lazy 9\nexplore_found=tlb.lazy 7 1:d\n"
             "explore_ran=tlb.lazy 6 4 1\n")
    return play_fail(fake)


def play_dies_mute(fake):
    """A ppc64le guest that dies before it can tell a value."""
    sys.stderr.write("qemu: OS terminated: Faultline died\n")
    return 1


def told(fake, status):
    """The exit status of a machine whose guest tells its value by the control channel."""
    if not fake.exit_channel or status <= 1:
        return status
    fake.say("control", f"exit_value={status >> 1:#x}\n")
    if status not in (PANIC, WATCHDOG):
        return 0
    sys.stderr.write("qemu: OS terminated: Faultline died\n")
    return 1


def main():
    if "--version" in sys.argv:
        print("QEMU emulator version 7.2.fake")
        return 0
    script = os.environ.get("FAKE_QEMU", "pass")
    fake = Fake(sys.argv[1:])
    return told(fake, globals()["play_" + script](fake))


sys.exit(main())
