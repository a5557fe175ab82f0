# SPDX-License-Identifier: GPL-2.0-only
"""Whole runs against the fake QEMU: each way a guest can end, and what the run leaves."""

import os
import signal
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

from base import ROOT, World


class Ppc64le(World):
    """The exit value comes through the control channel; QEMU's own status says little."""

    def expect(self, script, code, words):
        done = self.run_qemu(script, "--arch", "ppc64le")
        self.assertEqual(done.code, code, done.out + done.err)
        self.assertIn(words, done.out + done.err)

    def test_ends(self):
        self.expect("pass", 0, "2 passed")
        self.expect("fail", 1, "FAILED lock.abba")
        self.expect("skipped", 77, "needs PCID")
        self.expect("lies", 1, "exit value says pass")
        self.expect("panic", 126, "the kernel panicked")
        self.expect("watchdog", 126, "watchdog: cpu1 waits")
        self.expect("usage", 2, "unknown word 'colour'")

    def test_ends_without_a_value(self):
        self.expect("reset", 126, "without a word")
        self.expect("dies_mute", 126, "without a word")
        self.expect("qemu_error", 125, "could not open kernel file")
        self.expect("killed", 125, "QEMU was killed by SIGKILL")

    def test_command_line(self):
        done = self.run_qemu("pass", "--arch", "ppc64le", "--dry-run", "--mode", "replay")
        self.assertIn("-icount shift=5,sleep=off", done.out)
        self.assertIn("spapr-vty,chardev=control,reg=0x71000014", done.out)
        self.assertIn("-bios", done.out)


class Ends(World):
    def expect(self, script, code, words, *options):
        done = self.run_qemu(script, *options)
        self.assertEqual(done.code, code, done.out + done.err)
        self.assertIn(words, done.out + done.err)
        if (self.out / "latest").exists():
            self.assertEqual(self.results()["exit_code"], code)
        return done

    def test_pass(self):
        done = self.expect("pass", 0, "grade T")
        self.assertEqual(done.out.splitlines()[-1], "2 passed, 0 failed, 1 skipped")
        self.assertIn("skipped: tlb.lazy: needs PCID", done.out)
        self.assertEqual(done.err, "")

    def test_fail(self):
        done = self.expect("fail", 1, "FAILED lock.abba")
        self.assertIn("tests/kernel/lock.c:41", done.out)
        self.assertEqual(done.out.splitlines()[-1], "1 passed, 1 failed, 1 skipped")

    def test_exit_value_disagrees(self):
        self.expect("lies", 1, "exit value says pass, its report says fail")

    def test_truncated(self):
        done = self.expect("truncated", 126, "report is not complete")
        self.assertEqual(done.out.splitlines()[-1], "1 passed, 1 failed, 1 skipped")

    def test_bad_sign(self):
        self.expect("bad_sign", 1, "BUG: page 12 freed twice")

    def test_expected_sign(self):
        self.expect("expected_sign", 0, "2 passed")

    def test_all_skipped(self):
        done = self.expect("skipped", 77, "needs PCID")
        self.assertEqual(done.out.splitlines()[-1], "0 passed, 0 failed, 1 skipped")

    def test_killed(self):
        self.expect("killed", 125, "QEMU was killed by SIGKILL")

    def test_triple_fault(self):
        done = self.expect("reset", 126, "triple fault")
        self.assertIn("about to fault three times", done.out)

    def test_too_little_memory(self):
        self.expect("silent_reset", 126, "it had 2 MiB of memory", "--mem", "2")
        self.expect("no_memory", 126, "1 MiB is too little memory", "--mem", "1")

    def test_panic_and_watchdog(self):
        self.expect("panic", 126, "the kernel panicked")
        self.expect("watchdog", 126, "watchdog: cpu1 waits")

    def test_qemu_error(self):
        self.expect("qemu_error", 125, "could not open kernel file")

    def test_unknown_word(self):
        done = self.expect("usage", 2, "faultline: error: unknown word 'colour'",
                           "--append", "colour=red")
        self.assertIn("colour=red", self.results()["words"])
        self.assertIn("faultline: error:", done.err)

    def test_unknown_test(self):
        self.expect("unknown_test", 2, "no test matches 'tlb.nothing'", "tlb.nothing")

    def test_hang(self):
        started = time.monotonic()
        done = self.expect("hang", 124, "no end within 1 s", "--timeout", "1")
        self.assertLess(time.monotonic() - started, 10)
        self.assertIn("stack: hang_here", done.out)
        registers = (self.out / "latest" / "registers.txt").read_text()
        self.assertIn("RIP=1234", registers)

    def test_hang_without_qmp(self):
        self.expect("mute_hang", 124, "the console is empty", "--timeout", "0.5")

    def test_long_path_of_the_run_directory(self):
        self.out = self.place / ("d" * 90) / "out, with a comma"
        done = self.run_qemu("hang", "--timeout", "0.5")
        self.assertEqual(done.code, 124, done.err)
        self.assertIn("stack: hang_here", done.out)


class Leaves(World):
    def test_run_directory(self):
        self.run_qemu("pass", "--smp", "2", "--seed", "0x1f", "--junit", "mine.xml")
        place = self.out / "latest"
        self.assertRegex(os.readlink(place), r"^\d{8}T\d{6}Z-x86_64-smp2-interleaved$")
        names = set(os.listdir(place))
        self.assertLessEqual({"console.log", "run.ktap", "junit.xml", "results.json", "env.json",
                              "stdout.log", "stderr.log", "cmdline"}, names)
        self.assertFalse({"trace.json", "qmp.sock"} & names)
        self.assertTrue((place / "run.ktap").read_text().startswith("KTAP version 1\n"))
        self.assertEqual((place / "junit.xml").read_bytes(),
                         (self.place / "mine.xml").read_bytes())

    def test_results(self):
        self.run_qemu("pass", "--seed", "31", "tlb.*", "lock.abba")
        found = self.results()
        self.assertEqual(found["control"]["schedule_hash"], "0x1f")
        self.assertEqual(found["totals"], {"passed": 2, "failed": 0, "skipped": 1})
        self.assertEqual(found["words"], "test=tlb.*,lock.abba seed=0x1f mode=interleaved "
                         "grade=T channels=split cpus=4")
        self.assertIn("--seed 0x1f 'tlb.*' lock.abba", found["repeat"])

    def test_junit(self):
        self.run_qemu("fail", "--smp", "2", "--machine", "q35")
        root = ET.parse(self.out / "latest" / "junit.xml").getroot()
        cases = {c.get("name"): c for c in root.iter("testcase")}
        self.assertEqual(cases["abba"].get("classname"), "x86_64.smp2.interleaved-q35.lock")
        self.assertEqual((cases["abba"].get("file"), cases["abba"].get("line")),
                         ("tests/kernel/lock.c", "41"))
        self.assertIsNotNone(cases["abba"].find("failure"))
        self.assertEqual(cases["lazy"].find("skipped").get("message"), "needs PCID")
        self.assertEqual((root.get("tests"), root.get("failures")), ("3", "1"))

    def test_junit_of_a_dead_guest(self):
        self.run_qemu("killed")
        root = ET.parse(self.out / "latest" / "junit.xml").getroot()
        self.assertIn("SIGKILL", root.find("testsuite/testcase/error").get("message"))

    def test_two_runs_in_one_second_have_two_directories(self):
        for _ in range(3):
            self.run_qemu("pass")
        self.assertEqual(len([p for p in self.out.iterdir() if p.is_dir()
                              and not p.is_symlink()]), 3)

    def test_quiet(self):
        done = self.run_qemu("pass", "--quiet")
        self.assertEqual(done.out, "2 passed, 0 failed, 1 skipped\n")

    def test_verbose_shows_the_console(self):
        self.assertIn("# Subtest: tlb", self.run_qemu("pass", "--verbose").out)

    def test_list(self):
        done = self.run_qemu("list", "--list", auto=True)
        self.assertEqual((done.code, done.out), (0, "tlb.lazy\nlock.abba\n"))
        self.assertIn("list=tests", self.results()["words"])

    def test_repeat(self):
        done = self.run_qemu("odd_seeds_fail", "--repeat", "4", "--seed", "2", "--quiet")
        self.assertEqual(done.code, 1)
        self.assertIn("4 runs, 2 failed; the first with seed 0x3", done.out)
        self.assertEqual(done.out.splitlines()[-1], "6 passed, 2 failed, 4 skipped")

    def test_until_fail(self):
        done = self.run_qemu("odd_seeds_fail", "--until-fail", "--seed", "2", "--quiet")
        self.assertIn("2 runs, 1 failed; the first with seed 0x3", done.out)


class Interrupted(World):
    def end_by(self, number):
        """Start a run that hangs, send a signal, and see that QEMU is gone as well."""
        runner = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "runner"), "--no-build", "--mode", "interleaved"],
            env=self.environment("pid_hang"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        pid = self.until(lambda: int((self.out / "latest" / "console.log").read_text()))
        runner.send_signal(number)
        code = runner.wait(20)
        self.until(lambda: self.gone(pid))
        return code

    def gone(self, pid):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        return state == "Z"

    def until(self, look, limit=20.0):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                found = look()
            except (OSError, ValueError):
                found = None
            if found:
                return found
            time.sleep(0.02)
        self.fail("it did not come")

    def test_interrupt(self):
        self.assertEqual(self.end_by(signal.SIGINT), 130)

    def test_terminate(self):
        self.assertEqual(self.end_by(signal.SIGTERM), 143)

    def test_kill(self):
        self.assertEqual(self.end_by(signal.SIGKILL), -9)

    def test_reader_goes_away(self):
        command = [str(ROOT / "run-qemu.sh"), "--no-build", "--mode", "interleaved", "--exec",
                   self.program()]
        runner = subprocess.Popen(command, env=self.environment("flood"), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        runner.stdout.read(10)
        runner.stdout.close()
        self.assertEqual(runner.wait(20), 141)
        self.assertEqual(runner.stderr.read(), b"")
        runner.stderr.close()


class Exec(World):
    def test_output_and_status_are_the_programs(self):
        done = self.run_qemu("exec", "--exec", self.program())
        self.assertEqual((done.code, done.raw), (42, bytes(range(256))))
        self.assertEqual(done.err, "to stderr \ufffd\n")

    def test_signal(self):
        self.assertEqual(self.run_qemu("exec_signal", "--exec", self.program()).code, 139)

    def test_everything_after_the_file_is_the_programs(self):
        done = self.run_qemu("echo", "--smp", "2", "--exec", self.program("a b"),
                             "--smp", "--help", "x")
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("cpus=2", done.out)
        self.assertIn("exec=/bin/a_b", done.out)
        self.assertEqual(done.err, "")
        blob = (self.out / "latest" / "initrd.cpio").read_bytes()
        self.assertIn(b"/bin/a_b\0--smp\0--help\0x\0", blob)

    def test_no_status(self):
        done = self.run_qemu("exec_mute", "--exec", self.program())
        self.assertEqual((done.code, done.out), (126, ""))
        self.assertIn("faultline: error: the guest ended without telling", done.err)

    def test_guest_death(self):
        done = self.run_qemu("panic", "--exec", self.program())
        self.assertEqual((done.code, done.out), (126, ""))
        self.assertIn("no page left", done.err)

    def test_no_kvm_is_not_told_in_exec(self):
        done = self.run_qemu("kvm_dies", "--exec", self.program(), auto=True)
        self.assertNotIn("interleaved, because", done.err)


if __name__ == "__main__":
    unittest.main()
