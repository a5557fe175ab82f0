#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the kernel's own symbol table as C source, for the second link pass.

  gen-symtab.py                   an empty table, for the first pass
  gen-symtab.py IMAGE             the table of IMAGE's functions
  gen-symtab.py --check OLD NEW   fails if a function moved from OLD to NEW

symtab_offsets holds the functions' distances from image_start, rising; the last of the
symtab_count entries is the end of the text. symtab_name_offsets tells where in symtab_names the
name of each begins.
"""

import os
import subprocess
import sys

HEAD = """/* Written by tools/gen-symtab.py. */
#include "kernel/types.h"
#define TABLE __attribute__((section(".symtab_data"), used))
extern const u32 symtab_count, symtab_offsets[], symtab_name_offsets[];
extern const char symtab_names[];
"""


def functions(image):
    """(offset, name) of every function, rising, and of the end of the text. Of several names for
    one address the first is taken."""
    listing = subprocess.run([os.environ.get("NM", "nm"), "-n", image], check=True,
                             capture_output=True, text=True).stdout
    symbols = [line.split() for line in listing.splitlines()]
    symbols = [(int(s[0], 16), s[1], s[2]) for s in symbols if len(s) == 3]
    bounds = {name: address for address, _, name in symbols}
    start, end = bounds["image_start"], bounds["text_end"]
    found = {}
    for address, kind, name in symbols:
        if kind in "tTW" and start <= address < end and name != "image_start":
            found.setdefault(address - start, name)
    return sorted(found.items()) + [(end - start, "text_end")]


def array(kind, name, values):
    lines = [f"TABLE const {kind} {name}[] = {{"]
    lines += ["\t" + ", ".join(values[at:at + 8]) + "," for at in range(0, len(values), 8)]
    return "\n".join(lines + ["};", ""])


def source(table):
    name_offsets, at = [], 0
    for _, name in table:
        name_offsets.append(str(at))
        at += len(name) + 1
    names = "".join(f'\t"{name}\\0"\n' for _, name in table)
    return (HEAD + f"TABLE const u32 symtab_count = {len(table)};\n"
            + array("u32", "symtab_offsets", [hex(offset) for offset, _ in table] or ["0"])
            + array("u32", "symtab_name_offsets", name_offsets or ["0"])
            + f'TABLE const char symtab_names[] =\n{names}\t"";\n')


def main(args):
    if args[:1] == ["--check"]:
        if functions(args[1]) != functions(args[2]):
            sys.exit(f"gen-symtab: functions moved between {args[1]} and {args[2]}")
    elif args:
        sys.stdout.write(source(functions(args[0])))
    else:
        sys.stdout.write(source([]))


main(sys.argv[1:])
