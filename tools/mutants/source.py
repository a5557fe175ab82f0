# SPDX-License-Identifier: GPL-2.0-only
"""Reads C by libclang and hands out its functions as trees of plain nodes.

A node's place is where it is written in the file: what a macro makes of itself has the place of the
whole call, what stands in a macro's argument its own. Files are handled as Latin-1 text, so that
offsets are bytes and everything comes back as it was.
"""

import ctypes
import re
import sys
from dataclasses import dataclass, field

from runner.common import BROKEN, Error

DEBIAN_MODULES = "/usr/lib/python3/dist-packages"   # python3-clang, for another Python too
HINT = "libclang for Python is missing; get it with: make deps mutants-machine"


@dataclass
class Node:
    kind: str               # as libclang calls it: IF_STMT, BINARY_OPERATOR, ...
    start: int
    end: int
    children: list = field(default_factory=list)
    pointer: bool = False   # an expression whose value is one

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Function:
    name: str
    returns: str            # the type, as written
    returns_kind: str       # int, bool, pointer, void or other
    body: Node


def load():
    """The module clang.cindex, from Debian's package if this Python has none of its own."""
    try:
        import clang.cindex
    except ImportError:
        sys.path.append(DEBIAN_MODULES)
        try:
            import clang.cindex
        except ImportError:
            raise Error(HINT, BROKEN)
        finally:
            sys.path.remove(DEBIAN_MODULES)
    return clang.cindex


def available():
    try:
        load()
        return True
    except Error:
        return False


class Reader:
    """Parses files of one tree with one set of compiler options."""

    def __init__(self, root, options):
        self.cindex = load()
        self.root, self.options = root, options
        try:
            self.index = self.cindex.Index.create()
        except self.cindex.LibclangError as err:
            raise Error(f"{HINT} ({err})", BROKEN)
        self.locate = self.cindex.conf.lib.clang_getFileLocation
        self.locate.argtypes = [self.cindex.SourceLocation] + [ctypes.c_void_p] * 4

    def offset(self, location):
        """Where @location is written: (file name, offset)."""
        file, value = self.cindex.c_object_p(), ctypes.c_uint()
        self.locate(location, ctypes.byref(file), None, None, ctypes.byref(value))
        return (self.cindex.File(file).name if file else None), value.value

    def functions(self, name):
        """The functions that are defined in the file @name, in its order."""
        path = str(self.root / name)
        self.text = (self.root / name).read_bytes().decode("latin-1")
        unit = self.index.parse(path, args=["-x", "c", *self.options])
        errors = [d for d in unit.diagnostics if d.severity >= self.cindex.Diagnostic.Error]
        if errors:
            raise Error(f"{name}: libclang: {errors[0].spelling} "
                        f"({errors[0].location.file}:{errors[0].location.line})", BROKEN)
        for cursor in unit.cursor.get_children():
            if cursor.kind.name == "FUNCTION_DECL" and cursor.is_definition():
                body = list(cursor.get_children())[-1]
                if body.kind.name == "COMPOUND_STMT" and self.is_in(body, path):
                    yield Function(cursor.spelling, cursor.result_type.spelling,
                                   kind_of(cursor.result_type), self.node(body, path))

    def is_in(self, cursor, path):
        """Whether it is written in @path, braces and all, and not by a macro."""
        (first, start), (last, end) = (self.offset(where) for where in
                                       (cursor.extent.start, cursor.extent.end))
        return first == last == path and start == cursor.extent.start.offset and end > start + 1

    def node(self, cursor, path):
        start, end = (self.offset(where)[1] for where in (cursor.extent.start, cursor.extent.end))
        end = whole_token(self.text, end)
        children = [self.node(child, path) for child in cursor.get_children()
                    if self.offset(child.extent.start)[0] == path]
        pointer = cursor.type.get_canonical().kind.name in ("POINTER", "CONSTANTARRAY")
        return Node(cursor.kind.name, start, end, children, pointer)


WORD = re.compile(r"\w+")


def whole_token(text, end):
    """Where an expression ends: libclang stops before a macro in the argument of another one, so
    at the first letter of a name, where nothing can end."""
    match = WORD.match(text, end)
    if not match:
        return end
    end, depth = match.end(), 0
    if not text.startswith("(", end):
        return end
    for at in range(end, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    return end


def kind_of(kind):
    name = kind.get_canonical().kind.name
    if name in ("BOOL", "VOID", "POINTER"):
        return name.lower()
    return "int" if name in ("INT", "UINT", "LONG", "ULONG", "LONGLONG", "ULONGLONG", "ENUM",
                             "UCHAR", "USHORT") else "other"


LAB_START = re.compile(r"^[ \t]*#[ \t]*if LAB\b")
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(if|else|elif|endif|define)")


def skipped_ranges(text):
    """The places that no mutant may touch: what is there with LAB only, and directives."""
    ranges, depth, lab, at, continued = [], 0, [], 0, False
    for line in text.split("\n"):
        match = DIRECTIVE.match(line)
        word = match.group(1) if match else ""
        if word == "if":
            depth += 1
            if LAB_START.match(line):
                lab.append(depth)
        elif word == "else" and lab and lab[-1] == depth:
            lab.pop()
        elif word == "endif":
            if lab and lab[-1] == depth:
                lab.pop()
            depth -= 1
        if lab or match or continued:
            ranges.append((at, at + len(line)))
        continued = (match or continued) and line.endswith("\\")
        at += len(line) + 1
    return ranges
