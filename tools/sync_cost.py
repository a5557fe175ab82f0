#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a sync point costs while no schedule is active, counted in the image's instructions.

    tools/sync_cost.py build/x86_64 build/ppc64le

On x86_64 a point is a comparison in memory and a branch: 2. On ppc64le it is a load, a comparison
and a branch, and a function finds the flag's address once (2), or again for each point (1, the
load brings the other half): at most 4 a point, over each function. More than that is a finding.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

FLAG = "sync_active"
OWN = re.compile(r"sync_\w+")           # the functions that set the flag
HEAD = re.compile(r"[0-9a-f]+ <([^>]+)>:")
LINE = re.compile(r"^\s*[0-9a-f]+:\s+(\S+)\s*(.*)")
LIMIT = {"x86_64": 2, "ppc64le": 4}
NEAR = 8            # instructions within which a loaded flag is compared and branched upon


def functions(text):
    """(name, [(mnemonic, operands)]) of each function of a disassembly."""
    name, body = None, []
    for line in text.split("\n"):
        head, match = HEAD.match(line), LINE.match(line)
        if head:
            if name:
                yield name, body
            name, body = head.group(1), []
        elif match:
            body.append(match.groups())
    if name:
        yield name, body


def cost_x86_64(body):
    """(points, instructions, what is wrong) of one function."""
    points, cost, wrong = 0, 0, []
    for at, (mnemonic, operands) in enumerate(body):
        if f"<{FLAG}>" not in operands:
            continue
        points += 1
        follows = body[at + 1][0] if at + 1 < len(body) else ""
        if mnemonic == "cmpb" and follows in ("jne", "je"):
            cost += 2
        else:
            wrong.append(f"{mnemonic} {operands.split('#')[0].strip()}, then {follows}")
    return points, cost, wrong


def halves(address, toc):
    """The two immediates by which code reaches @address from @toc."""
    offset = address - toc
    low = (offset & 0xffff ^ 0x8000) - 0x8000
    return (offset - low) >> 16, low


def is_tested(body, at, register):
    """Whether the flag loaded at @at is compared with 0 and branched upon."""
    near = body[at + 1:at + 1 + NEAR]
    compared = any(mnemonic in ("cmpwi", "cmpdi", "cmplwi") and operands.endswith(f"{register},0")
                   for mnemonic, operands in near)
    return compared and any(re.fullmatch(r"b(ne|eq)[-+]?", mnemonic) for mnemonic, _ in near)


def cost_ppc64le(body, high, low):
    """The same; @high and @low are the halves of the flag's address."""
    points, cost, wrong = 0, 0, []
    bases, pointers = set(), set()
    for at, (mnemonic, operands) in enumerate(body):
        parts = re.split(r"[,()]", operands.rstrip(")"))
        target = parts[0]
        if mnemonic == "addis" and parts[1:] == ["r2", str(high)]:
            bases.add(target)
        elif mnemonic == "addi" and parts[1] in bases and parts[2] == str(low):
            pointers.add(target)
            bases.discard(target)
            cost += 2
        elif mnemonic == "lbz" and (parts[2] in bases and parts[1] == str(low) or
                                    parts[2] in pointers and parts[1] == "0"):
            points += 1
            cost += 4 if parts[2] in bases else 3
            if not is_tested(body, at, target):
                wrong.append(f"lbz {operands} is not tested at once")
            bases.discard(target)
        elif target in pointers and mnemonic in ("ld", "mr", "li", "lwz", "addi", "addis"):
            pointers.discard(target)
    return points, cost, wrong


def judge(arch, text, address=0, toc=0):
    """(points, findings) of a disassembly."""
    total, findings = 0, []
    for name, body in functions(text):
        if OWN.fullmatch(name):
            continue
        points, cost, wrong = (cost_x86_64(body) if arch == "x86_64" else
                               cost_ppc64le(body, *halves(address, toc)))
        total += points
        findings += [f"{name}: {text}" for text in wrong]
        if cost > LIMIT[arch] * points:
            findings.append(f"{name}: {cost} instructions for {points} sync points")
    if not total:
        findings.append("there is no sync point: was it built with LAB=1?")
    return total, findings


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbols(elf):
    return {line.split()[-1]: int(line.split()[0], 16)
            for line in output_of("nm", str(elf)).splitlines() if len(line.split()) == 3}


def check(elf):
    """The architecture, and what judge says of its image; None if its objdump is missing."""
    with open(elf, "rb") as file:
        ppc = file.read(20)[18:20] == b"\x15\0"
    arch, tool = ("ppc64le", "powerpc64le-linux-gnu-objdump") if ppc else ("x86_64", "objdump")
    if not shutil.which(tool):
        return arch, None
    names = symbols(elf)
    text = output_of(tool, "-d", "--no-show-raw-insn", "-j", ".text", str(elf))
    return arch, judge(arch, text, names[FLAG], names.get(".TOC.", 0))


def main(builds):
    bad = False
    for build in builds:
        elf = Path(build) / "faultline.elf"
        if not elf.is_file():
            print(f"sync_cost: {elf} is missing, passed over")
            continue
        arch, judged = check(elf)
        if not judged:
            print(f"sync_cost: no objdump for {arch}, passed over")
            continue
        points, findings = judged
        bad = bad or bool(findings)
        print("\n".join([f"{elf}: {finding}" for finding in findings] or
                        [f"{arch}: {points} sync points, at most {LIMIT[arch]} instructions each"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
