#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what a reviewer should not have to: style, layering, references, sizes, instructions.

    tools/lint.py [BUILD ...]

Each rule is a function that yields (file, line, message). A finding is one line,
`file:line: message`, and makes the exit status 1. BUILD is a build directory whose image is
looked into as well, if there is one; one that was built with LAB=0 must hold no instrument.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

from c_text import DIRECTIVE, c_functions, c_loops, line_of, only_code, without_comments

MAX_FILE, MAX_FUNCTION, MAX_COLUMNS, TAB = 500, 100, 100, 8
# The second counts both architectures. It was 10,000 before the whole list of system calls,
# signals and futexes that unmodified threaded programs need was in. arch/host is in no kernel.
FAULT_BUDGET, KERNEL_BUDGET = 3000, 17000
FAULT_FILES = re.compile(r"mm/fault[^/]*\.c|mm/vm_fault\.h|mm/ptl[^/]*|mm/tlb\.[ch]|mm/vma_tree\.c"
                         r"|kernel/srcu\.[ch]")
KERNEL_FILES = re.compile(r"(?:arch/(?!host/)|boot/|kernel/|mm/).*\.[chS]")
SPDX = "SPDX-License-Identifier: " + "GPL-2.0-only"


class Tree:
    """The text of the project's files, by path from the root."""

    def __init__(self, files):
        self.files = files

    @classmethod
    def load(cls, root):
        files = {}
        for name in list_files(root):
            path = root / name
            if path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            if b"\0" not in data[:4096]:
                files[name] = data.decode(errors="replace")
        return cls(files)

    def named(self, pattern):
        """(path, text) of the files whose whole path matches."""
        return [(name, text) for name, text in sorted(self.files.items())
                if re.fullmatch(pattern, name)]


def list_files(root):
    """Tracked files and new ones that git does not ignore; without git, all but build and out."""
    git = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=root,
                         capture_output=True, text=True, check=False)
    if git.returncode == 0:
        return sorted(set(git.stdout.split("\0")) - {""})
    names = [path.relative_to(root) for path in root.rglob("*")]
    return sorted(str(name) for name in names
                  if name.parts[0] not in ("build", "out", ".git") and "__pycache__" not in
                  name.parts)


C_FILES = r".*\.[ch]"
CODE_FILES = r".*\.(?:[chS]|py|sh|ld|pml)|(?:.*/)?Makefile"


# --- rules about each file ---

def check_spdx(tree):
    for name, text in tree.named(CODE_FILES):
        if not any(SPDX in line for line in text.split("\n")[:3]):
            yield name, 1, f"no line '{SPDX}' at the top"


def check_header(tree):
    for name, text in tree.named(C_FILES):
        lines = text.split("\n") + ["", ""]
        if not re.match(r"/\*(?:[ \t]+[^*\s]|\n \*[ \t]+\S)", "\n".join(lines[1:3])):
            yield name, 2, "the licence line is not followed by a comment that says what this is"


def check_sizes(tree):
    for name, text in tree.named(CODE_FILES):
        lines = text.split("\n")
        if len(lines) - 1 > MAX_FILE:
            yield name, MAX_FILE, f"file of {len(lines) - 1} lines, the limit is {MAX_FILE}"
        for number, line in enumerate(lines, 1):
            if len(line.expandtabs(TAB)) > MAX_COLUMNS:
                yield (name, number, f"{len(line.expandtabs(TAB))} columns, the limit is "
                       f"{MAX_COLUMNS}")


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


def check_functions(tree):
    for name, text in tree.named(r".*\.(?:[ch]|py)"):
        functions = python_functions if name.endswith(".py") else c_functions
        for line, length in functions(text):
            if length > MAX_FUNCTION:
                yield name, line, f"function of {length} lines, the limit is {MAX_FUNCTION}"


def check_unfinished(tree):
    for name, text in tree.named(CODE_FILES):
        for match in re.finditer(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b(?=[:( ])", text):
            yield name, line_of(text, match.start()), f"{match.group()}: finish it or leave it out"


ARCH_WORD = re.compile(r"\b(?:__)?(x86_64|i386|amd64|powerpc(?:64)?|ppc(?:64)?(?:le)?|aarch64|arm"
                       r"|riscv|CONFIG_(?:X86|PPC)\w*|ARCH_(?:X86|PPC)\w*)(?:__)?\b", re.IGNORECASE)
TEST_WORD = re.compile(r"\b(?:\w+_)?(?:K?UNIT|SELF)?TESTS?(?:_\w*)?\b", re.IGNORECASE)


def check_conditionals(tree):
    for name, text in tree.named(r".*\.[chS]"):
        for match in DIRECTIVE.finditer(without_comments(text)):
            if not re.match(r"[ \t]*#[ \t]*(?:el)?if", match.group()):
                continue
            line = line_of(text, match.start())
            if ARCH_WORD.search(match.group()) and not name.startswith(("arch/", "boot/")):
                yield name, line, "conditional on an architecture outside arch/ and boot/"
            if TEST_WORD.search(match.group()) and not name.startswith("tests/"):
                yield name, line, "conditional on a test outside tests/"


MACHINE_PATH = re.compile(r"(?<![\w.$})>/-])/(?:work|home|root)/")


def check_paths(tree):
    for name, text in tree.named(r".*"):
        for match in MACHINE_PATH.finditer(text):
            yield name, line_of(text, match.start()), "a path of somebody's machine"


def check_shell(tree, run=subprocess.run):
    scripts = [name for name, text in tree.named(r".*")
               if name.endswith(".sh") or re.match(r"#!.*\b(?:ba|da)?sh\b", text)]
    if not scripts or not shutil.which("shellcheck"):
        return
    done = run(["shellcheck", "-f", "gcc", *scripts], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        match = re.match(r"([^:]+):(\d+):\d+: (.*)", line)
        if match:
            yield match.group(1), int(match.group(2)), "shellcheck: " + match.group(3)


# --- references ---

ID = re.compile(r"(?<![\w.])(INV-\d+|MO-\d+[a-z]?|L-\d+)\b")
HAZARD = re.compile(r"\bhazards?\s+(?:\*\s+)?(\d+\.\d+)")
DEFINED = re.compile(r"^(?:#+ |\| *|- )\**(INV-\d+|MO-\d+[a-z]?|L-\d+|\d+\.\d+)\b", re.MULTILINE)
DEFINING = ("docs/invariants.md", "docs/hazards.md")


def check_ids(tree):
    """What INV-4 or hazard 9.1 is must be written down in one of the two documents."""
    known = {match.group(1) for name in DEFINING
             for match in DEFINED.finditer(tree.files.get(name, ""))}
    for name, text in tree.named(CODE_FILES + r"|.*\.md"):
        for pattern in (ID, HAZARD):
            for match in pattern.finditer(text):
                if match.group(1) not in known:
                    yield (name, line_of(text, match.start()),
                           f"{match.group(1)} is not defined in {' or '.join(DEFINING)}")


OUTSIDE = re.compile(r"\bcatalogue\s+[\d.]+|\bseeds?\s+0\d\d\b|\bT-(?=[a-z])[a-z0-9-]+\b")
DOCUMENT = re.compile(r"(?<![\w/])docs/[\w-]+\.md")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def check_references(tree):
    """No document is named that a reader of the repository does not have."""
    for name, text in tree.named(CODE_FILES + r"|.*\.md"):
        for match in OUTSIDE.finditer(text):
            yield (name, line_of(text, match.start()),
                   f"'{match.group()}' refers to something outside the repository")
        found = [(match.start(), match.group()) for match in DOCUMENT.finditer(text)]
        if name.endswith(".md"):
            folder = Path("/") / Path(name).parent
            found += [(match.start(), resolve(folder, match.group(1)))
                      for match in LINK.finditer(text)]
        for at, target in found:
            if not exists(tree, target):
                yield name, line_of(text, at), f"there is no {target}"


def resolve(folder, target):
    parts = []
    for part in (folder / target).parts[1:]:
        parts = parts[:-1] if part == ".." else parts + [part]
    return "/".join(parts)


def exists(tree, target):
    target = target.rstrip("/")
    return target in tree.files or any(name.startswith(target + "/") for name in tree.files)


# --- layers ---

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]+([\"<])([^\">]+)[\">]", re.MULTILINE)
# What each folder may include from; see docs/architecture.md.
LAYERS = {
    "kernel": ("kernel", "arch", "lab"),
    "mm": ("mm", "kernel", "lab", "arch"),
    "lab": ("lab", "kernel", "mm", "arch"),
    "arch": ("arch", "boot", "kernel", "mm", "lab"),
    "boot": ("boot", "arch", "kernel"),
}
# The headers of mm by which the kernel starts it up, runs programs in address spaces and counts.
KERNEL_SEES = {"mm/fault.h", "mm/gather.h", "mm/mm.h", "mm/page.h", "mm/pgtable.h", "mm/ptl.h",
               "mm/slab.h", "mm/tlb.h"}
HOSTED = {"arch/host/os.c"}     # the C library's side of that machine
FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}


def include_problem(name, kind, target):
    layer, wanted = name.split("/")[0], target.split("/")[0]
    if kind == "<":
        if layer in LAYERS and target not in FREESTANDING and name not in HOSTED:
            return f"<{target}> does not exist in a freestanding kernel"
    elif ("/" not in target or target.startswith(".")) and not name.startswith("tests/host/"):
        return f'"{target}": includes are written from the root'
    elif wanted == "tests":
        if layer != "tests":
            return f'"{target}": nothing outside tests/ includes tests/'
    elif re.match(r"arch/\w+/", target) and layer not in ("arch", "boot", "tests"):
        return f'"{target}": generic code sees an architecture through "arch/*.h" only'
    elif layer in LAYERS and wanted not in LAYERS[layer]:
        if layer != "kernel" or target not in KERNEL_SEES:
            return f'"{target}": {layer}/ does not include it'
    return None


def check_includes(tree):
    for name, text in tree.named(r".*\.[chS]"):
        for match in INCLUDE.finditer(without_comments(text, strings=False)):
            problem = include_problem(name, match.group(1), match.group(2))
            if problem:
                yield name, line_of(text, match.start()), problem


# --- waiting ---

LIMITED = re.compile(r"deadline|limit|timeout|expire|tries", re.IGNORECASE)
PROGRESS = re.compile(r"\+\+|--|[-+*/|&]=|[^=!<>]=[^=]")
SLEEP = re.compile(r"\b(?:thread_sleep_ns|thread_sleep_until|(?:clock_)?nanosleep|u?sleep)\s*\(")


def counts_up(head):
    """Whether @head is a for loop's whose condition compares what its last part changes."""
    parts = head.strip("()").split(";")
    return len(parts) == 3 and re.search(r"[^-]>|<", parts[1]) and PROGRESS.search(parts[2])


def is_limited(text, code, loop):
    start, end, head, body = loop
    if LIMITED.search(head) or LIMITED.search(body) or counts_up(head):
        return True
    first = max(0, line_of(code, start) - 3)
    near = text.split("\n")[first:line_of(code, end)]
    return any("bounded:" in line for line in near)


def waits(code):
    """The loops that only wait: an empty body, or cpu_relax() in it and in no loop inside."""
    loops = list(c_loops(code))
    found = [loop for loop in loops
             if loop[3].strip() in (";", "{}") and not PROGRESS.search(loop[2])]
    for match in re.finditer(r"\bcpu_relax\(\);", code):
        around = [loop for loop in loops if loop[0] < match.start() < loop[1]]
        if around:
            found.append(min(around, key=lambda loop: loop[1] - loop[0]))
    return sorted(set(found))


def check_waits(tree):
    for name, text in tree.named(r"(?:arch|boot|kernel|lab|mm|tests/kernel|tests/user)/.*\.[ch]"):
        code = only_code(text)
        for loop in waits(code):
            if not is_limited(text, code, loop):
                yield (name, line_of(code, loop[0]),
                       "a wait without a limit; if something else ends it: /* bounded: what */")


def check_sleeps(tree):
    """Races are forced by sync points: no test waits for time to pass, asleep or awake."""
    for name, text in tree.named(r"tests/(?:kernel|user|host)/.*\.c"):
        code, lines = only_code(text), text.split("\n")
        for match in SLEEP.finditer(code):
            line = line_of(text, match.start())
            if not any("/* sleep: what is tested" in near for near in lines[max(0, line - 2):line]):
                yield (name, line, "a test that sleeps; force the order by a sync point, or, if "
                       "it is about sleeping: /* sleep: what is tested */")
        for start, _, head, body in c_loops(code):
            if counts_up(head) and re.fullmatch(r"[\s{};]*|[\s{}]*cpu_relax\(\);[\s{}]*", body):
                yield (name, line_of(code, start), "a delay; force the order by a sync point")


# --- size budgets ---

def code_lines(text):
    return sum(1 for line in without_comments(text).split("\n") if line.strip())


def budgets(tree):
    fault = sum(code_lines(text) for _, text in tree.named(FAULT_FILES.pattern))
    kernel = sum(code_lines(text) for _, text in tree.named(KERNEL_FILES.pattern))
    return fault, kernel


def check_budgets(tree):
    fault, kernel = budgets(tree)
    if fault > FAULT_BUDGET:
        yield "mm", 0, f"fault paths, lookup, TLB and SRCU: {fault} lines of {FAULT_BUDGET}"
    if kernel > KERNEL_BUDGET:
        yield "kernel", 0, f"kernel without tests and instruments: {kernel} of {KERNEL_BUDGET}"


# --- the built image ---

# Some KVMs emulate the kernel's mode and do not know these.
NOT_EMULATED = re.compile(r"int3|cmpxchg16b|xsave\w*|xrstor\w*")
FPU_ALLOWED = re.compile(r"fxsave(?:64)?|fxrstor(?:64)?|fninit|ldmxcsr")
FPU_REGISTER = re.compile(r"%[xyz]mm\d|%st\b|%mm\d")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(?:(?:lock|rep\w*|notrack|data16)\s+)*(\S+)(.*)")
INSTRUMENT = re.compile(r"sync_(?:reach|arm|go)|bug_switches|bug_hit|watchdog_\w+|perturb_\w+"
                        r"|trace_(?:on|r\w+|dump\w*|start|lock|switch)")


def check_disassembly(name, text):
    """@text is `objdump -d` of an x86_64 image; the symbol stands for the line."""
    symbol = "?"
    for line in text.split("\n"):
        head = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        if head:
            symbol = head.group(1)
        match = INSTRUCTION.match(line)
        if not match:
            continue
        place, mnemonic, operands = match.groups()
        is_fpu = (mnemonic[0] == "f" and mnemonic != "fs") or mnemonic in ("ldmxcsr", "stmxcsr")
        if NOT_EMULATED.fullmatch(mnemonic):
            yield name, 0, f"{symbol}: {mnemonic} at {place}: not every KVM emulates it"
        elif FPU_REGISTER.search(operands) or (is_fpu and not (
                "fpu" in symbol and FPU_ALLOWED.fullmatch(mnemonic))):
            yield name, 0, f"{symbol}: {mnemonic}{operands} at {place}: not in the kernel"


def check_symbols(name, text):
    """@text is `nm` of an image that was built with LAB=0."""
    for line in text.split("\n"):
        symbol = line.split(" ")[-1]
        if INSTRUMENT.fullmatch(symbol):
            yield name, 0, f"{symbol} is in an image without instruments"


def is_x86_64(elf):
    with open(elf, "rb") as file:
        head = file.read(20)
    return head[:4] == b"\x7fELF" and head[18:20] == b"\x3e\x00"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check_build(build):
    elf = Path(build) / "faultline.elf"
    if not elf.is_file():
        return
    if is_x86_64(elf):
        yield from check_disassembly(str(elf), output_of(
            "objdump", "-d", "--no-show-raw-insn", "-j", ".text", str(elf)))
    settings = Path(build) / "settings"
    if settings.is_file() and "-DLAB=0" in settings.read_text().split():
        yield from check_symbols(str(elf), output_of("nm", str(elf)))


RULES = (check_spdx, check_header, check_sizes, check_functions, check_unfinished,
         check_conditionals, check_paths, check_shell, check_ids, check_references, check_includes,
         check_waits, check_sleeps, check_budgets)


def main(argv, root=Path(__file__).resolve().parents[1]):
    tree = Tree.load(root)
    findings = {finding for rule in RULES for finding in rule(tree)}
    for build in argv:
        findings.update(check_build(build))
    for name, line, message in sorted(findings):
        print(f"{name}:{line}: {message}")
    fault, kernel = budgets(tree)
    print(f"lint: fault paths, lookup, TLB and SRCU {fault} of {FAULT_BUDGET} lines; kernel "
          f"without tests and instruments {kernel} of {KERNEL_BUDGET}")
    if findings:
        print(f"lint: {len(findings)} finding{'s' if len(findings) > 1 else ''}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
