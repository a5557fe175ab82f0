# SPDX-License-Identifier: GPL-2.0-only
"""Programs for --exec: checks the ELF file and puts it into a copy of the initrd.

The archive is cpio in the newc form, written the same way every time (no times,
no owners), so that a replay is not disturbed by it.
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from .common import BROKEN, Error

MAGIC = b"070701"
TRAILER = "TRAILER!!!"
HEADER = 110
DIRECTORY, REGULAR = 0o040755, 0o100644
PROGRAM = 0o100755
ET_EXEC, ET_DYN = 2, 3
PT_LOAD, PT_INTERP = 1, 3


@dataclass
class Entry:
    name: str
    mode: int
    data: bytes = b""


def padded(data):
    return data + bytes(-len(data) % 4)


def pack_entry(number, entry):
    name = entry.name.encode() + b"\0"
    fields = (number, entry.mode, 1, 0, 0, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    head = MAGIC + b"".join(b"%08x" % value for value in fields) + name
    return padded(head) + padded(entry.data)


def pack(entries):
    trailer = Entry(TRAILER, 0)
    return b"".join(pack_entry(number, entry)
                    for number, entry in enumerate(list(entries) + [trailer], 1))


def unpack(blob):
    """The entries of an archive; several archives in a row count as one."""
    entries, at = [], 0
    while at < len(blob):
        if blob[at] == 0:
            at += 1
            continue
        entry, at = unpack_entry(blob, at)
        if entry.name != TRAILER:
            entries.append(entry)
    return entries


def unpack_entry(blob, at):
    head = blob[at:at + HEADER]
    if len(head) < HEADER or head[:6] not in (MAGIC, b"070702"):
        raise Error("the initrd is not a cpio archive of the newc kind", BROKEN)
    try:
        fields = [int(head[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
    except ValueError:
        raise Error("the initrd holds a broken cpio header", BROKEN)
    mode, size, name_size = fields[1], fields[6], fields[11]
    start = (at + HEADER + name_size + 3) & ~3
    name = blob[at + HEADER:at + HEADER + name_size].rstrip(b"\0").decode(errors="replace")
    if start + size > len(blob):
        raise Error("the initrd is cut short", BROKEN)
    return Entry(name, mode, blob[start:start + size]), (start + size + 3) & ~3


def merge(base, extra):
    """The base with the extra entries added; one of the same name is replaced."""
    names = {entry.name for entry in extra}
    return [entry for entry in base if entry.name not in names] + list(extra)


# -- the program --------------------------------------------------------------

def guest_name(path):
    """The program's name in the guest; no byte that a command line cannot carry."""
    return re.sub(r"[^A-Za-z0-9._+-]", "_", Path(path).name)


def exec_entries(path, args, have_dirs):
    name = guest_name(path)
    argv = [f"/bin/{name}"] + list(args)
    blob = b"".join(arg.encode(errors="surrogateescape") + b"\0" for arg in argv)
    dirs = [Entry(d, DIRECTORY) for d in ("bin", "etc") if d not in have_dirs]
    return dirs + [Entry(f"bin/{name}", PROGRAM, Path(path).read_bytes()),
                   Entry("etc/exec-args", REGULAR, blob)]


def write_merged(base_path, target, path, args):
    try:
        base = unpack(Path(base_path).read_bytes())
    except OSError as err:
        raise Error(f"the initrd cannot be read: {err.strerror}", BROKEN)
    have = {entry.name for entry in base}
    Path(target).write_bytes(pack(merge(base, exec_entries(path, args, have))))


def check_program(path, machine, arch_name):
    """Refuse what the kernel could not run, before anything is started."""
    try:
        blob = Path(path).read_bytes()
    except FileNotFoundError:
        raise Error(f"--exec {path}: there is no such file")
    except OSError as err:
        raise Error(f"--exec {path}: {err.strerror}")
    problem = elf_problem(blob, machine, arch_name)
    if problem:
        raise Error(f"--exec {path}: {problem}")


def elf_problem(blob, machine, arch_name):
    if blob[:4] != b"\x7fELF":
        return "this is not an ELF file"
    if len(blob) < 64:
        return "the ELF header is cut short"
    if blob[4] != 2 or blob[5] != 1:
        return "this is not a 64-bit little-endian ELF file"
    kind, found = struct.unpack_from("<HH", blob, 16)
    if found != machine:
        return f"this program is for another machine (e_machine {found}), not for {arch_name}"
    if kind not in (ET_EXEC, ET_DYN):
        return f"this is not a program (e_type {kind}); link it with -static"
    return segments_problem(blob)


def segments_problem(blob):
    offset, = struct.unpack_from("<Q", blob, 32)
    size, count = struct.unpack_from("<HH", blob, 54)
    if count == 0 or size < 56 or offset + size * count > len(blob):
        return "the ELF file's program headers are broken or cut short"
    loads = 0
    for at in range(offset, offset + size * count, size):
        kind, _, start, _, _, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", blob, at)
        if kind == PT_INTERP:
            return "this program is dynamically linked; link it with -static"
        if kind == PT_LOAD and (start + filesz > len(blob) or filesz > memsz):
            return "a segment of the ELF file is broken or cut short"
        loads += kind == PT_LOAD
    return "" if loads else "the ELF file has nothing to load"
