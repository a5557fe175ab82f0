#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does what docs/your-own-ptl-policy.md says: writes its files, runs its commands.

A copy of the tree, in a temporary directory, takes the files. A block '```c file=PATH' is a file; a
block '```console status=N' holds commands, '$ ...', each with lines that its output must contain,
in that order (outer blanks aside; '...' and the blanks behind it stand for anything), and must end
with status N.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs/your-own-ptl-policy.md"
BLOCK = re.compile(r"^```(c|console) (file|status)=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LIMIT_S = 300


def copy_tree(target):
    """The files that git knows or would add, as a user's checkout has them."""
    names = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT,
                           capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes((ROOT / name).read_bytes())
            place.chmod((ROOT / name).stat().st_mode)


def commands_of(text):
    """(command, the lines its output must have)"""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        yield command, [line.strip() for line in lines if line.strip()]


def missing_line(expected, output):
    """The first of @expected that does not come, in its turn, in @output; None if all do."""
    lines = iter(output.splitlines())
    for want in expected:
        pattern = re.compile(re.sub(r"\\\.\\\.\\\.(?:\\ )*", ".*", re.escape(want)))
        if not any(pattern.search(line) for line in lines):
            return want
    return None


def run_command(command, status, expected, cwd):
    done = subprocess.run(command, shell=True, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=LIMIT_S, check=False)
    missing = missing_line(expected, done.stdout)
    if done.returncode == status and missing is None:
        return True
    print(done.stdout)
    print(f"failed: {command}: status {done.returncode}, {DOC.name} says {status}"
          + (f"; no line '{missing}' where it says" if missing else ""))
    return False


def main():
    seen = {"file": 0, "status": 0}
    with tempfile.TemporaryDirectory() as place:
        copy_tree(Path(place))
        for kind, key, value, text in BLOCK.findall(DOC.read_text()):
            assert (kind == "c") == (key == "file"), f"{DOC.name}: ```{kind} {key}="
            seen[key] += 1
            if key == "file":
                (Path(place) / value).write_text(text)
                continue
            for command, expected in commands_of(text):
                print(f"$ {command}", flush=True)
                if not run_command(command, int(value), expected, place):
                    return 1
    if not all(seen.values()):
        print(f"failed: {DOC.name} has no files or no commands")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
