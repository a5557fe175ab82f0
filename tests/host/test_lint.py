# SPDX-License-Identifier: GPL-2.0-only
"""tools/lint.py: every rule finds what it is for, and leaves alone what only looks like it."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import lint  # noqa: E402

LICENCE = f"/* {lint.SPDX} */\n"
HEAD = LICENCE + "/*\n * Something.\n */\n"
# Written in two parts, or the linter would find them here.
NO_ID, NO_LAW, NO_ORDER, NO_SEED = "L-" + "99", "INV-" + "98", "MO-" + "97b", "seed " + "009"
NO_DOCUMENT, SOMEBODY = "docs/" + "none.md", "/ho" + "me/"


class RuleTest(unittest.TestCase):
    @staticmethod
    def found_in(rule, files):
        return list(rule(lint.Tree(files)))

    def assert_finds(self, rule, files, line=None, text=""):
        found = self.found_in(rule, files)
        self.assertEqual(len(found), 1, found)
        if line is not None:
            self.assertEqual(found[0][1], line)
        self.assertIn(text, found[0][2])

    def assert_clean(self, rule, files):
        self.assertEqual(self.found_in(rule, files), [])


class FileRules(RuleTest):
    def test_spdx(self):
        self.assert_finds(lint.check_spdx, {"mm/a.c": "int a;\n"}, 1)
        self.assert_finds(lint.check_spdx, {"Makefile": "all:\n"}, 1)
        self.assert_finds(lint.check_spdx, {"a.sh": "\n\n\n# " + lint.SPDX}, 1)
        self.assert_clean(lint.check_spdx, {"a.sh": f"#!/bin/sh\n# {lint.SPDX}\n", "a.c": LICENCE,
                                            "notes/a.md": "# A\n", "b.py": f"# {lint.SPDX}\n"})

    def test_header_comment(self):
        self.assert_finds(lint.check_header, {"a.c": LICENCE + "int a;\n"}, 2)
        self.assert_finds(lint.check_header, {"a.h": LICENCE + "/*\n */\n"}, 2)
        self.assert_clean(lint.check_header, {"a.c": HEAD, "a.py": "x = 1\n",
                                              "b.h": LICENCE + "/* For tests. */\n"})

    def test_file_length(self):
        self.assert_finds(lint.check_sizes, {"a.c": "\n" * 501}, 500, "501 lines")
        self.assert_clean(lint.check_sizes, {"a.c": "\n" * 500, "notes/a.md": "\n" * 900})

    def test_columns(self):
        self.assert_finds(lint.check_sizes, {"a.c": "\n" + "x" * 101}, 2, "101 columns")
        self.assert_finds(lint.check_sizes, {"a.c": "\t" * 12 + "xxxxx"}, 1)
        self.assert_clean(lint.check_sizes, {"a.c": "\t" * 12 + "xxxx", "a.md": "x" * 200})

    def test_function_length(self):
        long_c = "int x;\n\nstatic int a(void)\n{\n" + "\ta();\n" * 98 + "}\n"
        self.assert_finds(lint.check_functions, {"a.c": long_c}, 3, "101 lines")
        self.assert_clean(lint.check_functions, {"a.c": long_c.replace("\ta();\n", "", 1)})
        python = "def a():\n" + "    a()\n" * 100
        self.assert_finds(lint.check_functions, {"a.py": python}, 1, "101 lines")
        self.assert_clean(lint.check_functions, {"a.py": python[:-len("    a()\n")]})

    def test_function_length_knows_c(self):
        table = "static const int t[] = {\n" + "\t1,\n" * 150 + "};\n"
        macro = "#define M(x) \\\n" + "\tx { \\\n" * 150 + "\tx\n"
        text = "/* {\n" + "{\n" * 150 + "*/\nchar *s = \"{\";\n"
        self.assert_clean(lint.check_functions, {"a.c": table, "b.c": macro, "c.c": text})

    def test_unfinished(self):
        self.assert_finds(lint.check_unfinished, {"a.c": "/* TO" "DO: locks */"}, 1)
        self.assert_clean(lint.check_unfinished, {"a.c": '"/tmp/a.XXXXXX"; // autodo'})

    def test_machine_paths(self):
        self.assert_finds(lint.check_paths, {"a.md": f"see\n{SOMEBODY}me/x"}, 2)
        self.assert_clean(lint.check_paths, {"a.md": "src" + SOMEBODY + "x, $(D)" + SOMEBODY})

    def test_shellcheck(self):
        answer = SimpleNamespace(stdout="run.sh:3:5: warning: Quote this [SC2086]\n")
        with mock.patch("shutil.which", return_value="shellcheck"):
            found = list(lint.check_shell(lint.Tree({"run.sh": "", ".ci/run": "#!/bin/sh\n"}),
                                          run=lambda command, **_: self.scripts(command, answer)))
            clean = list(lint.check_shell(lint.Tree({"a.py": "#!/usr/bin/env python3\n"}),
                                          run=None))
        self.assertEqual(found, [("run.sh", 3, "shellcheck: warning: Quote this [SC2086]")])
        self.assertEqual(self.command, [".ci/run", "run.sh"])
        self.assertEqual(clean, [])

    def scripts(self, command, answer):
        self.command = command[3:]
        return answer


class Conditionals(RuleTest):
    def test_architecture(self):
        for text in ("#ifdef __x86_64__\n", "#if defined(__powerpc64__)\n", "# elif ARCH_PPC64\n"):
            self.assert_finds(lint.check_conditionals, {"mm/a.c": "\n" + text}, 2, "architecture")
            self.assert_clean(lint.check_conditionals, {"arch/x/a.c": text, "boot/a.h": text})
        self.assert_clean(lint.check_conditionals, {
            "mm/a.c": "#if ARCH_HW_YOUNG_DIRTY\n#include \"x86_64.h\"\n/*\n#ifdef __x86_64__\n*/"})

    def test_tests(self):
        self.assert_finds(lint.check_conditionals, {"mm/a.c": "#ifdef CONFIG_SELFTEST"}, 1, "test")
        self.assert_finds(lint.check_conditionals, {"mm/a.c": "#if defined(TEST_HOOKS)\n"}, 1)
        self.assert_clean(lint.check_conditionals, {"tests/a.c": "#ifdef TEST_HOOKS\n",
                                                    "mm/a.c": "#if LAB && LATEST\n"})


class References(RuleTest):
    LAWS = {"docs/invariants.md": "### INV-1: x\n| MO-3b | y |\n",
            "docs/hazards.md": "### L-9: z\n### 9.1: u\n"}

    def test_ids(self):
        for text in (f"/* {NO_ID} */", f"/* see {NO_LAW}. */", f"{NO_ORDER} here", "hazard 9" ".7"):
            self.assert_finds(lint.check_ids, {**self.LAWS, "a.c": "\n" + text}, 2, "not defined")
        self.assert_finds(lint.check_ids, {**self.LAWS, "notes/a.md": f"by {NO_ID}"}, 1)
        self.assert_finds(lint.check_ids, {"docs/hazards.md": f"Text with {NO_ID}\n"}, 1)
        self.assert_clean(lint.check_ids, {
            **self.LAWS, "a.c": f"/* {lint.SPDX} (INV-1, MO-3b; hazards\n * 9.1a) L-9's HTML-5 */"})

    def test_outside(self):
        for text in (NO_SEED, "catalogue " "9.1", "T-" "permpd"):
            self.assert_finds(lint.check_references, {"a.c": "/*\n" + text}, 2, text)
        self.assert_clean(lint.check_references, {"a.c": "/* a seed of 1, PATCH v1, T-1, CAT-x */"})

    def test_documents(self):
        self.assert_finds(lint.check_references, {"a.c": "/*\n * " + NO_DOCUMENT}, 2)
        self.assert_clean(lint.check_references, {"a.c": "/* docs/running.md */",
                                                  "docs/running.md": "\n"})

    def test_links(self):
        files = {"notes/a.md": "[b](b.md#top) [c](../mm/c.c) [m](../mm) [w](https://x.org/y)\n",
                 "notes/b.md": "[here](#there)\n", "mm/c.c": ""}
        self.assert_clean(lint.check_references, files)
        del files["notes/b.md"]
        self.assert_finds(lint.check_references, files, 1, "notes/b.md")


class Includes(RuleTest):
    def test_refused(self):
        for name, line in (("mm/a.c", '"tests/kernel/test.h"'),
                           ("mm/a.c", '"boot/a.h"'),
                           ("kernel/a.c", '"mm/vma.h"'), ("kernel/a.c", '"tests/a.h"'),
                           ("arch/x/a.c", '"tests/a.h"'), ("mm/a.c", '"arch/x86_64/internal.h"'),
                           ("mm/a.c", '"vma.h"'), ("mm/a.c", '"../kernel/cpu.h"'),
                           ("lab/a.c", "<stdio.h>"), ("arch/host/a.c", "<stdio.h>")):
            with self.subTest(name=name, line=line):
                self.assert_finds(lint.check_includes, {name: f"\n#include {line}\n"}, 2)

    def test_allowed(self):
        for name, line in (("mm/a.c", '"mm/vma.h"'), ("mm/a.c", '"arch/mmu.h"'),
                           ("mm/a.c", '"lab/sync.h"'), ("kernel/a.c", '"mm/fault.h"'),
                           ("arch/x/a.c", '"mm/fault.h"'), ("tests/user/a.c", "<stdio.h>"),
                           ("arch/x/a.c", '"arch/x86_64/internal.h"'), ("mm/a.c", "<stdint.h>"),
                           ("arch/host/os.c", "<stdio.h>"),
                           ("tests/host/a.c", '"host.h"'),
                           ("tests/kernel/a.c", '"tests/kernel/test.h"'),
                           ("mm/a.c", '"mm/x.h" // "a"')):
            with self.subTest(name=name, line=line):
                self.assert_clean(lint.check_includes, {name: f"#include {line}\n"})
        self.assert_clean(lint.check_includes, {"mm/a.c": '/*\n#include "tests/a.h"\n*/\n'})


class Waits(RuleTest):
    def check(self, body, clean):
        files = {"mm/a.c": "void a(void)\n{\n" + body + "}\n"}
        with self.subTest(body=body):
            if clean:
                self.assert_clean(lint.check_waits, files)
            else:
                self.assert_finds(lint.check_waits, files, 3)

    def test_refused(self):
        for body in ("while (!x) cpu_relax();\n", "while (READ_ONCE(x) < 2)\n\t;\n",
                     "for (;;)\n\t;\n", "for (;;) {\n\tif (x)\n\t\tbreak;\n\tcpu_relax();\n}\n",
                     "do {\n\tcpu_relax();\n} while (!x);\n", "while (x->y) {}\n",
                     "while (!x) /* no limit */\n\tcpu_relax();\n"):
            self.check(body, clean=False)

    def test_allowed(self):
        for body in ("while (!x && time_ns() < deadline)\n\tcpu_relax();\n",
                     "/* bounded: the watchdog breaks it */\nwhile (!x)\n\tcpu_relax();\n",
                     "for (i = 0; i < 100; i++)\n\tcpu_relax();\n", "while (*s++)\n\t;\n",
                     "for (n = 0; s[n]; n++)\n\t;\n", "do\n\tx = next(x);\nwhile (x);\n",
                     "for (;;) {\n\tsleep_until(limit);\n\tcpu_relax();\n}\n",
                     "for (;;) {\n\tfor (i = 0; i < 9; i++)\n\t\tcpu_relax();\n\twork();\n}\n",
                     'printk("while (1) ;");\n', "if (x)\n\tcpu_relax();\nelse\n\ty();\n"):
            self.check(body, clean=True)

    def test_only_what_runs_in_the_guest(self):
        self.assert_clean(lint.check_waits, {"tests/host/a.c": "void a(void) { for (;;) ; }\n"})

    def test_sleeps(self):
        for call in ("thread_sleep_ns(1)", "usleep(1)", "nanosleep(&t, NULL)", "sleep(1)"):
            files = {"tests/kernel/a.c": f"\n\t{call};\n"}
            self.assert_finds(lint.check_sleeps, files, 2)
        self.assert_clean(lint.check_sleeps, {
            "tests/user/a.c": "\t/* sleep: what is tested */\n\tusleep(1);\n",
            "tests/user/b.c": "\tusleep(1); /* sleep: what is tested */\n",
            "tests/kernel/c.c": "/* usleep(1) */ may_sleep(1);\n",
            "mm/a.c": "\tthread_sleep_ns(1);\n"})
        for loop in ("for (int i = 0; i < 9; i++)\n\t;\n",
                     "for (int i = 0; i < 9; i++) {\n\tcpu_relax();\n}\n"):
            self.assert_finds(lint.check_sleeps, {"tests/user/a.c": loop}, 1)
        self.assert_clean(lint.check_sleeps, {
            "tests/user/a.c": "for (int i = 0; i < 9; i++) {\n\twork();\n\tcpu_relax();\n}\n"})


class Budgets(RuleTest):
    def test_lines(self):
        self.assertEqual(lint.code_lines(HEAD + "\n#define A 1\n\nint a; /* b */\n// c\n"), 2)

    def test_over(self):
        self.assert_finds(lint.check_budgets, {"mm/fault_a.c": "a;\n" * 3001}, 0, "3001 lines")
        self.assert_finds(lint.check_budgets, {"arch/x/a.c": "a;\n" * 9000,
                                               "kernel/a.h": "a;\n" * 8001}, 0, "17001")

    def test_within(self):
        self.assert_clean(lint.check_budgets, {
            "mm/fault_a.c": "a;\n" * 3000, "mm/vma.c": "a;\n" * 4000, "kernel/a.c": "a;\n" * 3000,
            "lab/a.c": "a;\n" * 9000, "arch/host/a.c": "a;\n" * 9000,
            "tests/a.c": "a;\n" * 9000})


def disassembly(symbol, instruction):
    return f"\nffffffff80100000 <{symbol}>:\nffffffff80100000:\t{instruction}\n"


class Image(RuleTest):
    def test_refused_instructions(self):
        for line in ("int3", "lock cmpxchg16b (%rdi)", "xsave64 (%rdi)", "xrstors (%rdi)",
                     "movaps %xmm0,(%rdi)", "movq   %rax,%mm1", "fld    %st(0)", "fnstcw (%rdi)"):
            with self.subTest(line=line):
                found = list(lint.check_disassembly("elf", disassembly("zap_ptes", line)))
                self.assertEqual(len(found), 1)
                self.assertIn("zap_ptes", found[0][2])
        self.assertTrue(list(lint.check_disassembly("elf", disassembly("zap", "fxsave (%rdi)"))))

    def test_allowed_instructions(self):
        for symbol, line in (("a", "int    $0x80"), ("a", "lock cmpxchg %rax,(%rdi)"),
                             ("arch_fpu_save", "fxsave64 (%rdi)"), ("fpu_init", "fninit"),
                             ("fpu_init", "ldmxcsr (%rsp)"), ("a", "call   1 <xsave_all>"),
                             ("a", "fs mov %rax,%rbx"), ("a", "rep stos %rax,%es:(%rdi)")):
            with self.subTest(line=line):
                self.assertEqual(list(lint.check_disassembly("elf", disassembly(symbol, line))), [])

    def test_symbols(self):
        bad = "ffffffff80100000 T sync_reach\nffffffff80200000 B bug_switches\n"
        self.assertEqual(len(list(lint.check_symbols("elf", bad))), 2)
        good = "ffffffff80100000 T sync_reached_nothing\nffffffff80100000 T nmi_handle\n"
        self.assertEqual(list(lint.check_symbols("elf", good)), [])

    def test_build_directories(self):
        with tempfile.TemporaryDirectory() as name:
            build = Path(name)
            self.assertEqual(list(lint.check_build(build)), [])
            (build / "faultline.elf").write_bytes(b"\x7fELF" + bytes(14) + b"\x15\0")
            (build / "settings").write_text("gcc -DLAB=0 -O2\n")
            with mock.patch.object(lint, "output_of", return_value="0 T perturb_hash\n") as run:
                self.assertEqual(len(list(lint.check_build(build))), 1)
                self.assertEqual([call.args[0] for call in run.call_args_list], ["nm"])
                (build / "settings").write_text("gcc -DLAB=1 -O2\n")
                (build / "faultline.elf").write_bytes(b"\x7fELF" + bytes(14) + b"\x3e\0")
                self.assertEqual(list(lint.check_build(build)), [])
                self.assertEqual(run.call_args.args[0], "objdump")


class Whole(unittest.TestCase):
    def lint(self, files):
        with tempfile.TemporaryDirectory() as name:
            for path, data in files.items():
                target = Path(name, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code = lint.main([], Path(name))
            return code, out.getvalue().splitlines()

    def test_clean_tree(self):
        code, lines = self.lint({"mm/tlb.c": (HEAD + "int a;\n").encode(), "out/a.c": b"int a;\n",
                                 "logo.c": b"\0\1"})
        self.assertEqual(code, 0)
        self.assertEqual(lines, ["lint: fault paths, lookup, TLB and SRCU 1 of 3000 lines; kernel "
                                 "without tests and instruments 1 of 17000"])

    def test_findings(self):
        code, lines = self.lint({"mm/b.c": LICENCE.encode(), "mm/a.c": LICENCE.encode()})
        self.assertEqual(code, 1)
        self.assertRegex(lines[0], r"^mm/a\.c:2: .*comment")
        self.assertRegex(lines[1], r"^mm/b\.c:2: ")
        self.assertEqual(lines[-1], "lint: 2 findings")


if __name__ == "__main__":
    unittest.main()
