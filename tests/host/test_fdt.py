#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The device-tree walker of the kernel against dtc, on trees that QEMU makes.

The host test prints a tree as source; dtc compiles that and says whether it is the same tree.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WALKER = ROOT / "build/host/address-undefined/fdt"
MACHINES = [["-smp", "1", "-m", "256"], ["-smp", "64", "-m", "3G"], ["-smp", "1000", "-m", "1G"]]


def sorted_source(path, kind):
    done = subprocess.run(["dtc", "-q", "-s", "-I", kind, "-O", "dts", str(path)], check=True,
                          capture_output=True, text=True)
    # Reserved memory is beside the tree, not in it.
    return [line for line in done.stdout.splitlines() if "/memreserve/" not in line]


def compare(place, number, options):
    """What differs, or nothing."""
    blob, source, again = (place / f"{number}.{end}" for end in ("dtb", "dts", "again"))
    subprocess.run(["qemu-system-ppc64", "-nodefaults", "-display", "none",
                    "-M", f"pseries,dumpdtb={blob}", "-cpu", "power9"] + options,
                   check=True, capture_output=True)
    source.write_bytes(subprocess.run([WALKER, blob], check=True, capture_output=True).stdout)
    subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-o", again, source], check=True)
    one, two = sorted_source(blob, "dtb"), sorted_source(again, "dtb")
    if one == two:
        return ""
    return next((f"{a!r} became {b!r}" for a, b in zip(one, two) if a != b), "one is shorter")


def main():
    for tool in ("dtc", "qemu-system-ppc64"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed")
            return 0
    subprocess.run(["make", "-s", "-C", ROOT / "tests/host", "run-fdt"], check=True,
                   stdout=subprocess.DEVNULL)
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        for number, options in enumerate(MACHINES, 1):
            wrong = compare(Path(place), number, options)
            failed += bool(wrong)
            print(f"{'not ' if wrong else ''}ok {number} pseries {' '.join(options)}")
            if wrong:
                print(f"# {wrong}")
    print(f"1..{len(MACHINES)}")
    return 1 if failed else 0


sys.exit(main())
