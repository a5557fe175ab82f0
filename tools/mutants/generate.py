# SPDX-License-Identifier: GPL-2.0-only
"""Makes the copy of the sources that holds all mutants, and builds it by the ordinary Makefile."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass

from runner import machine
from runner.common import BROKEN, ROOT, Error

from . import operators, source, weave

# Where mutants are made: the fault paths, lookup, TLB, SRCU, gather, and what changes VMAs; and how
# the architecture that is run flushes and loads page tables.
FILES = ("mm/fault.c", "mm/fault_*.[ch]", "mm/vm_fault.h", "mm/vma_walk.h", "mm/vma_tree.c",
         "mm/vma.[ch]", "mm/vma_adjust.c", "mm/munmap.c", "mm/mprotect.c", "mm/madvise.c",
         "mm/anon_vma.c", "mm/tlb.c", "mm/gather.c", "mm/pgtable.[ch]", "mm/pgtable_rcu.c",
         "mm/ptl*.c", "kernel/srcu.[ch]", "kernel/seqlock.h")
ARCH_FILES = ("arch/{arch}/tlb.c", "arch/{arch}/mmu.[ch]", "arch/{arch}/include/arch/tlb.h",
              "arch/{arch}/include/arch/mmu.h")
COPIED = ("Makefile", "linker.ld", "run-qemu.sh", "boot", "arch", "kernel", "lab", "mm", "tests",
          "tools")
PLACE = ROOT / "build" / "mutants"
TARGETS = {"x86_64": "x86_64-linux-gnu", "ppc64le": "powerpc64le-linux-gnu"}
PARSED_FOR = "x86_64"   # what is common: its mutants are the same for every architecture


@dataclass
class Population:
    """All mutants, in the order of their numbers, and the tree that holds them."""
    mutants: list

    def __len__(self):
        return len(self.mutants)


def files(patterns=FILES):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                           capture_output=True, check=False).stdout.split()
    names = names or [str(path.relative_to(ROOT)) for folder in ("kernel", "mm", "arch")
                      for path in (ROOT / folder).rglob("*.[ch]")]
    return sorted(name for name in names for pattern in patterns
                  if fnmatch.fnmatch(name, pattern))


def options(root, arch):
    return ["-std=gnu11", "-ffreestanding", "-w", "-target", TARGETS[arch], f"-I{root}",
            f"-I{root}/arch/{arch}/include", "-DLAB=1", "-DMUTANTS=0"]


def mutants_of(root, names, arch=PARSED_FOR):
    reader = source.Reader(root, options(root, arch))
    for name in names:
        text = (root / name).read_bytes().decode("latin-1")
        skipped = source.skipped_ranges(text)
        for function in reader.functions(name):
            yield from operators.Finder(name, text, function, skipped).find()


def population(arch, root=ROOT):
    own = files([pattern.format(arch=arch) for pattern in ARCH_FILES])
    return Population(operators.number([*mutants_of(root, files()),
                                        *mutants_of(root, own, arch)]))


def write_tree(tree, mutants):
    """The copy: only what changes is written, so that make compiles only that."""
    for top in COPIED:
        base = ROOT / top
        paths = [base] if base.is_file() else [
            path for path in sorted(base.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts]
        for path in paths:
            name = str(path.relative_to(ROOT))
            data = path.read_bytes()
            mine = [mutant for mutant in mutants if mutant.file == name]
            if mine:
                data = weave.woven(data.decode("latin-1"), mine).encode("latin-1")
            put(tree / name, data, path.stat().st_mode)


def put(path, data, mode):
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def write_list(place, mutants):
    records = [{key: value for key, value in asdict(mutant).items() if key != "wraps"}
               | {"key": mutant.key} for mutant in mutants]
    place.mkdir(parents=True, exist_ok=True)
    (place / "mutants.json").write_text(json.dumps(records, indent=1) + "\n")


def build(arch_name, count, place=PLACE):
    """Builds the copy; the directory of its image."""
    out = place / arch_name
    command = ["make", "-s", f"-j{os.cpu_count() or 1}", f"ARCH={arch_name}", f"BUILD={out}",
               f"MUTANTS={count}", "all"]
    clean = {key: value for key, value in os.environ.items()
             if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "ARCH")}
    done = subprocess.run(command, cwd=place / "tree", env=clean, stdin=subprocess.DEVNULL,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if re.search(r"error|Error", line)]
        raise Error("the mutated sources do not build: " + "\n".join(lines[:20] or [done.stdout]),
                    BROKEN)
    return out


def make(arch_name, place=PLACE):
    """Everything from the sources to an image; the population and the image's directory."""
    machine.get(arch_name)
    if not shutil.which("make"):
        raise Error("make is missing", BROKEN)
    people = population(arch_name)
    write_tree(place / "tree", people.mutants)
    write_list(place, people.mutants)
    return people, build(arch_name, len(people), place)
