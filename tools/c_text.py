# SPDX-License-Identifier: GPL-2.0-only
"""C as text, as far as lint needs it: without comments, cut into functions and loops."""

import re


def line_of(text, at):
    return text.count("\n", 0, at) + 1


C_TOKENS = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def blanked(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text, strings=True):
    """C with comments, and unless told not to the inside of strings, as blanks of equal length."""
    def repl(match):
        token = match.group()
        if token[0] == "/":
            return blanked(token)
        return token[0] + " " * (len(token) - 2) + token[-1] if strings else token
    return C_TOKENS.sub(repl, text)


def only_code(text):
    return DIRECTIVE.sub(lambda match: blanked(match.group()), without_comments(text))


def c_functions(text):
    """(line of its head, number of lines) of every function."""
    code, depth, boundary, head = only_code(text), 0, 0, ""
    for match in re.finditer(r"[{};]", code):
        if match.group() == "{":
            if depth == 0:
                head = code[boundary:match.start()]
            depth += 1
        elif match.group() == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                if head.rstrip().endswith(")"):
                    first = line_of(code, boundary + len(head) - len(head.lstrip()))
                    yield first, line_of(code, match.start()) - first + 1
                boundary = match.end()
        elif depth == 0:
            boundary = match.end()


def skip_brackets(code, at):
    """The place behind the bracket that closes the one at @at."""
    depth = 0
    for place in range(at, len(code)):
        depth += (code[place] in "({") - (code[place] in ")}")
        if depth == 0:
            return place + 1
    return len(code)


def skip_space(code, at):
    return at + len(code[at:]) - len(code[at:].lstrip())


def statement_end(code, at):
    """The place behind the statement that begins at or after @at."""
    at = skip_space(code, at)
    if code.startswith("{", at):
        return skip_brackets(code, at)
    match = re.compile(r"(?:if|for|while|switch)\s*(?=\()").match(code, at)
    if match:
        end = statement_end(code, skip_brackets(code, match.end()))
        other = re.compile(r"\s*else\b").match(code, end)
        return statement_end(code, other.end()) if other else end
    while at < len(code) and code[at] != ";":
        at = skip_brackets(code, at) if code[at] in "({" else at + 1
    return at + 1


def c_loops(code):
    """(start, end, head, body) of every for, while and do loop."""
    tails = set()
    for match in re.finditer(r"\b(for|while|do)\b", code):
        if match.start() in tails:
            continue
        opens = skip_space(code, match.end())
        if match.group() == "do":
            end = statement_end(code, opens)
            tail = re.compile(r"\s*while\s*(?=\()").match(code, end)
            if not tail:
                continue
            tails.add(skip_space(code, end))
            stop = skip_brackets(code, tail.end())
            yield match.start(), stop, code[tail.end():stop], code[opens:end]
        elif code.startswith("(", opens):
            close = skip_brackets(code, opens)
            end = statement_end(code, close)
            yield match.start(), end, code[opens:close], code[close:end]
