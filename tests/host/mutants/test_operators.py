# SPDX-License-Identifier: GPL-2.0-only
"""The generator: which mutants are made of C, and that the woven text still is C that does what it
did. Needs libclang for Python and a compiler; without the first the tests are skipped."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import base  # noqa: F401  (sets the path)
from mutants import generate, operators, source, weave

HEAD = """#include "lab/head.h"
typedef enum { GREEN, RED } light;
struct lock { int held; };
static int done;
static inline void spin_lock(struct lock *l) { l->held++; }
static inline void spin_unlock(struct lock *l) { l->held--; }
"""
HEAD_H = """#define unlikely(x) __builtin_expect(!!(x), 0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define SYNC_POINT(x) do { done += 0; } while (0)
#define smp_mb() __asm__ __volatile__("" ::: "memory")
#define bug(x) 0
"""
MUTANT_H = """extern unsigned int mutant_now, mutant_hits;
static inline int mutant_is(unsigned int id) { return mutant_now == id; }
static inline int mutant(unsigned int id) { return mutant_is(id) && ++mutant_hits; }
"""


@unittest.skipUnless(source.available(), "libclang for Python is not installed")
class World(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        (self.root / "lab").mkdir()
        (self.root / "lab/head.h").write_text(HEAD_H)
        (self.root / "lab/mutant.h").write_text(MUTANT_H)

    def mutants(self, body):
        """All mutants of one function f with this body, and the file's text."""
        text = HEAD + body
        (self.root / "x.c").write_text(text)
        return operators.number(list(generate.mutants_of(self.root, ["x.c"]))), text

    def made(self, body):
        """'operator: text' of the mutants of f."""
        return [f"{m.operator}: {m.text}" for m in self.mutants(body)[0] if m.function == "f"]


class Operators(World):
    def test_statements(self):
        self.assertEqual(self.made("void f(int a) {\n\tdone = a;\n\tSYNC_POINT(x);\n\tsmp_mb();\n"
                                   "\t(void)a;\n}\n"), ["drop: done = a", "barrier: smp_mb()"])
        asm = '__asm__ __volatile__("%s" ::: "memory")'
        self.assertEqual(self.made("void f(void) {\n\t" + asm % "ptesync" + ";\n\t"
                                   + asm % "tlbsync" + ";\n}\n"),
                         ["barrier: " + asm % "ptesync", "drop: " + asm % "tlbsync"])

    def test_tests(self):
        self.assertEqual(self.made("int f(int a) {\n\tif (unlikely(a))\n\t\treturn 0;\n"
                                   "\treturn a;\n}\n"),
                         ["negate: unlikely(a)", "never: unlikely(a)", "const: 0", "return: a"])

    def test_operands_and_bounds(self):
        found = self.made("int f(int a, int b) {\n\twhile (a < b && !bug(x))\n\t\ta += 1;\n"
                          "\treturn 0;\n}\n")
        self.assertEqual(found, ["negate: a < b && !bug(x)", "yes: a < b", "bound: a < b",
                                 "drop: a += 1", "const: 1", "const: 0"])
        self.assertIn("no: b", self.made("int f(int a, int b) {\n\treturn a || b;\n}\n"))

    def test_macro_argument_is_code_and_macro_body_is_not(self):
        self.assertEqual(self.made("int f(int a, int b) {\n\treturn min(a + 1, b);\n}\n"),
                         ["return: min(a + 1, b)", "sign: a + 1", "const: 1"])

    def test_macro_in_the_argument_of_another(self):
        body = ("#define ONE 1\nint f(int a) {\n"
                "\treturn unlikely(a < ONE) || min(a, a + ONE) > 2;\n}\n")
        self.assertLessEqual({"bound: a < ONE", "sign: a + ONE"}, set(self.made(body)))
        self.assertEqual(source.whole_token("a < min(b, (c)) + 1", 4), 15)

    def test_locks_go_in_pairs(self):
        found = self.made("void f(struct lock *l) {\n\tspin_lock(l);\n\tdone++;\n"
                          "\tspin_unlock(l);\n}\n")
        self.assertEqual([line for line in found if "lock" in line],
                         ["nolock: spin_lock(l)", "swap: spin_lock(l); done++",
                          "swap: done++; spin_unlock(l)"])
        lone = self.made("void f(struct lock *l) {\n\tspin_lock(l);\n}\n")
        self.assertEqual(lone, ["drop: spin_lock(l)"])

    def test_what_only_the_instruments_have_stays(self):
        self.assertEqual(self.made("void f(int a) {\n#if LAB\n\tdone = a;\n#else\n\tdone = 2;\n"
                                   "#endif\n}\n"), [])
        text = "#if LAB\na\n#if X\nb\n#endif\n#else\nc\n#endif\nd\n"
        places = source.skipped_ranges(text)
        hidden = "".join(text[start:end] for start, end in places)
        self.assertEqual(hidden.replace("#", " #").split("\n")[0].count("c"), 0)
        self.assertIn("b", hidden)
        self.assertNotIn("d\n", hidden)

    def test_type_of_what_comes_back(self):
        found = self.mutants("light f(int a) {\n\treturn a ? RED : GREEN;\n}\n")[0]
        returns = [mutant for mutant in found if mutant.operator == "return"]
        self.assertEqual(returns[0].wraps[0].before, "(mutant({id}) ? (light)0 : (")

    def test_names_stay_when_lines_move_and_twins_have_numbers(self):
        body = "void f(int a) {\n\tdone = a;\n\tdone = a;\n}\n"
        keys = [m.key for m in self.mutants(body)[0]]
        self.assertEqual([m.key for m in self.mutants("\n\n" + body)[0]], keys)
        self.assertEqual(keys[-1], "x.c: f: drop: done = a #2")


class Woven(World):
    PROGRAM = """
static int f(int a, int b)
{
	struct lock l = { 0 };
	int sum = 0;

	for (int i = 0; i < a && !bug(x); i++) {
		spin_lock(&l);
		sum += min(i, b) + 1;
		spin_unlock(&l);
	}
	if (unlikely(sum > 3) || b == 7)
		return sum + 10;
	return a ? sum : -1;
}
"""
    MAIN = """
#include <stdio.h>
#include <stdlib.h>
unsigned int mutant_now, mutant_hits;
int main(int argc, char **argv)
{
	mutant_now = argc > 1 ? atoi(argv[1]) : 0;
	printf("%d %d %d", f(2, 1), f(1, 7), f(0, 0));
	return mutant_hits > 0;
}
"""

    def build(self, text):
        (self.root / "y.c").write_text(text + self.MAIN)
        subprocess.run([shutil.which("cc") or "gcc", "-w", f"-I{self.root}", "-o",
                        str(self.root / "y"), str(self.root / "y.c")], check=True)

    def run_with(self, number):
        done = subprocess.run([str(self.root / "y"), str(number)], capture_output=True, text=True,
                              timeout=5, check=False)
        return done.stdout, done.returncode

    def test_one_image_holds_them_all(self):
        mutants, text = self.mutants(self.PROGRAM)
        self.build(text.replace("lab/head.h", "lab/mutant.h\"\n#include \"lab/head.h"))
        sound = self.run_with(0)[0]
        self.build(weave.woven(text, mutants))
        self.assertEqual(self.run_with(0), (sound, 0))
        changed = set()
        for mutant in mutants:
            if mutant.function != "f" or mutant.text == "i < a && !bug(x)":
                continue        # negated, that one has no end
            try:
                out, hit = self.run_with(mutant.id)
            except subprocess.TimeoutExpired:
                out, hit = "", 1
            self.assertEqual(hit, 1, f"{mutant.key} was not counted")
            if out != sound:
                changed.add(f"{mutant.operator}: {mutant.text}")
        self.assertLessEqual({"drop: sum += min(i, b) + 1", "sign: min(i, b) + 1", "bound: i < a",
                              "no: b == 7", "return: sum + 10"}, changed)
        self.assertNotIn("nolock: spin_lock(&l)", changed)

    def test_lines_stay(self):
        mutants, text = self.mutants(self.PROGRAM)
        woven = weave.woven(text, mutants)
        self.assertTrue(woven.startswith('#include "lab/mutant.h"\n#line 1\n#include "lab/head.h"'))
        self.assertEqual(woven.count("\n"), text.count("\n") + 2)

    def test_swapped_statements(self):
        mutants, text = self.mutants("static void f(struct lock *l) {\n\tspin_lock(l);\n"
                                     "\tdone++;\n}\n")
        swap = [m for m in mutants if m.operator == "swap"]
        woven = weave.woven(text, swap)
        self.assertIn(f"{{ if (!mutant({swap[0].id})) spin_lock(l); }}\n"
                      f"\t{{ done++; if (mutant_is({swap[0].id})) spin_lock(l); }}", woven)


class Population(unittest.TestCase):
    def test_files_are_there(self):
        names = generate.files()
        for name in ("mm/fault_spf.c", "mm/vm_fault.h", "mm/tlb.c", "kernel/srcu.c",
                     "kernel/seqlock.h"):
            self.assertIn(name, names)

    @unittest.skipUnless(source.available(), "libclang for Python is not installed")
    def test_there_are_many_of_every_kind(self):
        people = generate.population("x86_64")
        self.assertGreater(len(people), 1000)
        kinds = {mutant.operator for mutant in people.mutants}
        told = set(part for line in operators.__doc__.splitlines() if line.startswith("    ")
                   for part in ("yes", "no", "nolock", "drop", "barrier", "swap", "negate", "never",
                                "bound", "sign", "const", "return") if part in line)
        self.assertEqual(kinds, told)
        self.assertEqual(len({mutant.key for mutant in people.mutants}), len(people))

    @unittest.skipUnless(source.available(), "libclang for Python is not installed")
    def test_an_architecture_has_its_own(self):
        common, own = (generate.population(arch) for arch in ("x86_64", "ppc64le"))
        names = {mutant.key for mutant in common.mutants}
        self.assertEqual({mutant.file.split("/")[1] for mutant in own.mutants
                          if mutant.key not in names}, {"ppc64le"})
        self.assertIn("arch/ppc64le/tlb.c", {mutant.file for mutant in own.mutants})


if __name__ == "__main__":
    unittest.main()
