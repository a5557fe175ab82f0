# SPDX-License-Identifier: GPL-2.0-only
"""Puts mutants into the text of a file; its lines stay where they are."""

import re

HEADER = re.compile(r"^#[ \t]*include\b", re.MULTILINE)


def insertions(mutants):
    """(place, order, text): what is put where; outer ones open first and close last."""
    wraps = []
    for mutant in mutants:
        for wrap in mutant.wraps:
            wraps.append((wrap.start, -wrap.end, mutant.id, wrap))
    wraps.sort(key=lambda item: item[:3])
    found = []
    for depth, (start, minus_end, number, wrap) in enumerate(wraps):
        found.append((start, 1, depth, wrap.before.format(id=number)))
        found.append((-minus_end, 0, -depth, wrap.after.format(id=number)))
    return sorted(found)


def woven(text, mutants):
    """@text with all @mutants in it, and with the header that they need."""
    pieces, at = [], 0
    for place, _, _, put in insertions(mutants):
        pieces += [text[at:place], put]
        at = place
    return with_include("".join(pieces) + text[at:])


def with_include(text):
    """The header comes before the first one that is included; #line hides that."""
    match = HEADER.search(text)
    if not match:
        raise ValueError("no #include to put another one before")
    line = text.count("\n", 0, match.start()) + 1
    return (text[:match.start()] + f'#include "lab/mutant.h"\n#line {line}\n'
            + text[match.start():])
