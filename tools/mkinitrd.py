#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes an initrd: mkinitrd.py ARCHIVE NAME=FILE...

The archive is cpio in the "newc" form. Times, owners and inode numbers do not come from the files,
so equal files make equal archives.
"""

import sys
from pathlib import Path, PurePosixPath

DIRECTORY, PROGRAM = 0o040755, 0o100755


def padded(data):
    return data + bytes(-len(data) % 4)


def entry(number, name, mode, data=b""):
    name = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08x" % value for value in fields)
    return padded(header + name) + padded(data)


def archive(files):
    members = {}
    for name, path in sorted(files.items()):
        for parent in reversed(PurePosixPath(name).parents[:-1]):
            members[str(parent)] = (DIRECTORY, b"")
        members[name] = (PROGRAM, Path(path).read_bytes())
    blobs = [entry(number, name, *member)
             for number, (name, member) in enumerate(members.items(), 1)]
    return b"".join(blobs) + entry(0, "TRAILER!!!", 0)


def main(args):
    if not args or any("=" not in word for word in args[1:]):
        sys.exit(__doc__)
    Path(args[0]).write_bytes(archive(dict(word.split("=", 1) for word in args[1:])))


main(sys.argv[1:])
