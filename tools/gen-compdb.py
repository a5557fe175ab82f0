#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the compiler calls of `make -n -B V=1`, read from standard input, into a
compile_commands.json on standard output."""

import json
import os
import shlex
import sys


def main():
    entries = []
    for line in sys.stdin:
        words = shlex.split(line, comments=True) if " -c " in line else []
        sources = [word for word in words if word.endswith((".c", ".S"))]
        if "-o" in words and len(sources) == 1:
            entries.append({"directory": os.getcwd(), "file": sources[0], "arguments": words})
    json.dump(entries, sys.stdout, indent=1)
    sys.stdout.write("\n")


main()
