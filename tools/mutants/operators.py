# SPDX-License-Identifier: GPL-2.0-only
"""What a mutant is: the operators, and the places of a function where each of them applies.

Every operator only puts text before and after what is there (Wrap), so that mutants nest and all of
them fit into one image. In the text {id} stands for the mutant's number.

    drop     a statement does not happen           nolock   a lock and its unlock do not happen
    barrier  a memory barrier does not happen      swap     two statements change places
    negate   a test says the opposite              never    a test never says yes
    yes, no  one operand of && or || is fixed      bound    < for <=, and the like
    sign     + for -, and the like                 const    a number one larger, false for true
    return   another value comes back
"""

import hashlib
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wrap:
    start: int
    end: int
    before: str
    after: str


@dataclass
class Mutant:
    file: str
    function: str
    operator: str
    text: str               # what it changes, on one line
    line: int
    wraps: list = field(default_factory=list)
    source: str = ""        # stands for the text of the function
    id: int = 0
    number: int = 1         # among those of the same text in the function, if there are several

    @property
    def key(self):
        """What a mutant is known by when lines have moved."""
        twin = f" #{self.number}" if self.number > 1 else ""
        return f"{self.file}: {self.function}: {self.operator}: {self.text}{twin}"


# What has no meaning for the kernel's work, and code that runs only to report a failure.
PASSED_OVER = re.compile(r"SYNC_POINT|BUG_ON|WARN_ON|hook_|perturb|wait_publish|thread_wait_|printk"
                         r"|panic|vma_note_walk|mutant|trace\(|shadow_|quarantine_"
                         r"|table_age_|table_watch_(?:begin|pte)|\(void\)")
# Fixed when it is compiled, and what depends on it may not even be there.
SWITCH = re.compile(r"!?(?:bug(?:_every)?\([^()]*\)|ARCH_\w+|P4D_FOLDED|LAB)")
FIXED = re.compile(r"!?(?:ARCH_\w+|P4D_FOLDED) &&")
ZEROS = ("SPF_OK", "FAULT_DONE", "PTL_LOCKED")
REPORTS = re.compile(r"\w*(?:_print|_print_list|_report_stall|_timeout)|validate_vma|vma_validate"
                     r"|vma_note_walk|pgtable_check_empty")
PAIRS = {"spin_lock": "spin_unlock", "irq_disable": "irq_enable", "down_read": "up_read",
         "down_write": "up_write", "write_seqlock": "write_sequnlock", "mutex_lock": "mutex_unlock",
         "write_seqcount_begin": "write_seqcount_end", "vma_write_begin": "vma_write_end"}
BARRIER = re.compile(r'(?:smp|sb)_\w*mb\(\)'
                     r'|__asm__ __volatile__\("(?:pte|i)sync" ::: "memory"\)')
# Two statements are exchanged if the order of both may matter to somebody else.
ORDERED = re.compile(r"\b\w*(?:lock|unlock|begin|end|flush\w*|link|wake\w*|free\w*|clear|put|set"
                     r"|send\w*|add|del|insert|erase)\(|\birq_\w+\(|WRITE_ONCE\(|->\w+ = |\+\+")
PLAIN = re.compile(r"^[^()]*(?:->\w+ = |\+\+)")
CALL = re.compile(r"(\w+)\((.*)\)$", re.DOTALL)
NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*$")
BOUNDS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
SIGNS = {"+": "-", "-": "+"}
SIMPLE = ("CALL_EXPR", "BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR", "UNARY_OPERATOR",
          "PAREN_EXPR", "CSTYLE_CAST_EXPR", "UNEXPOSED_EXPR", "DO_STMT", "BREAK_STMT",
          "CONTINUE_STMT", "StmtExpr", "ASM_STMT")
KEYWORD = re.compile(r"(?:do|for|while|if|switch|return|goto|case|default)\b")


def one_line(text):
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)).strip()


class Finder:
    """Goes through one function and collects its mutants."""

    def __init__(self, file, text, function, skipped=()):
        self.file, self.text, self.function, self.skipped = file, text, function, skipped
        self.mutants, self.seen = [], set()
        body = one_line(text[function.body.start:function.body.end])
        self.hash = hashlib.sha256(body.encode("latin-1")).hexdigest()[:16]

    def find(self):
        body = self.function.body
        if self.text[body.start] != "{" or REPORTS.fullmatch(self.function.name):
            return []
        self.pairs()
        self.block(body)
        return self.mutants

    def source(self, node):
        return self.text[node.start:node.end]

    def add(self, operator, node, *wraps):
        key = (operator, node.start, node.end, wraps[0].before)
        places = [(wrap.start, wrap.end) for wrap in wraps]
        if key in self.seen or any(start < end_ and begin < end for start, end in places
                                   for begin, end_ in self.skipped):
            return
        self.seen.add(key)
        self.mutants.append(Mutant(self.file, self.function.name, operator,
                                   one_line(self.source(node)),
                                   self.text.count("\n", 0, node.start) + 1, list(wraps),
                                   self.hash))

    def wrap(self, operator, node, before, after):
        self.add(operator, node, Wrap(node.start, node.end, before, after))

    # -- statements -------------------------------------------------------

    def statement_end(self, node):
        """The place behind the semicolon of a simple statement, or None if it is none."""
        text = self.source(node)
        if node.kind not in SIMPLE or not text or KEYWORD.match(text):
            return None
        match = re.compile(r"\s*;").match(self.text, node.end)
        return match.end() if match else None

    def is_mutable(self, node):
        return self.statement_end(node) is not None and not PASSED_OVER.match(self.source(node))

    def drop(self, node):
        text = self.source(node)
        call = CALL.match(text)
        if call and (call.group(1) in PAIRS or call.group(1) in PAIRS.values()) \
                and self.is_paired(call):
            return
        operator = "barrier" if BARRIER.fullmatch(text) else "drop"
        self.add(operator, node, Wrap(node.start, self.statement_end(node),
                                      "{{ if (!mutant({id})) ", " }}"))

    def swap(self, first, second):
        texts = self.source(first), self.source(second)
        if not all(ORDERED.search(text) for text in texts) \
                or all(PLAIN.search(text) for text in texts):
            return
        copy = one_line(texts[0]).replace("{", "{{").replace("}", "}}")
        whole = type(first)("", first.start, second.end)
        self.add("swap", whole,
                 Wrap(first.start, self.statement_end(first), "{{ if (!mutant({id})) ", " }}"),
                 Wrap(second.start, self.statement_end(second), "{{ ",
                      f" if (mutant_is({{id}})) {copy}; }}}}"))

    def calls(self):
        """(name, arguments, node) of the calls that are statements of their own."""
        for node in self.function.body.walk():
            call = CALL.match(self.source(node)) if node.kind == "CALL_EXPR" else None
            if call and self.statement_end(node) is not None:
                yield call.group(1), one_line(call.group(2)), node

    def is_paired(self, call):
        return (one_line(call.group(2)), call.group(1)) in self.paired

    def pairs(self):
        """Locks that are taken and left in this function: without both."""
        calls = list(self.calls())
        self.paired = set()
        for take, leave in PAIRS.items():
            for words in dict.fromkeys(words for name, words, _ in calls if name == take):
                nodes = [[node for name, other, node in calls if (name, other) == (wanted, words)]
                         for wanted in (take, leave)]
                if not all(nodes):
                    continue
                self.paired |= {(words, take), (words, leave)}
                wraps = [Wrap(node.start, self.statement_end(node),
                              "{{ if (!mutant({id})) ", " }}") for node in nodes[0] + nodes[1]]
                self.add("nolock", nodes[0][0], *wraps)

    def block(self, node):
        """A compound statement, and what is in it."""
        before = None
        for child in node.children:
            if self.is_mutable(child):
                self.drop(child)
                if before is not None:
                    self.swap(before, child)
                before = child
            else:
                before = None
            self.inside(child)

    def inside(self, node):
        text = self.source(node)
        if not text or PASSED_OVER.match(text) or SWITCH.fullmatch(text):
            return
        if node.kind == "COMPOUND_STMT":
            self.block(node)
        elif node.kind == "IF_STMT" and text.startswith("if"):
            self.test(node.children[0], "negate", "never")
            self.branches(node.children[1:])
        elif node.kind == "WHILE_STMT" and text.startswith("while"):
            self.test(node.children[0], "negate")
            self.branches(node.children[1:])
        elif node.kind == "FOR_STMT":
            self.loop(node, text)
        elif node.kind == "CASE_STMT":
            self.branches(node.children[1:])
        elif node.kind == "DEFAULT_STMT":
            self.branches(node.children)
        elif node.kind == "RETURN_STMT" and node.children:
            self.comes_back(node.children[0])
        elif node.kind == "DECL_STMT" and re.match(r"static\b|extern\b", text):
            return
        else:
            self.expression(node)

    def branches(self, nodes):
        for node in nodes:
            if self.is_mutable(node):
                self.drop(node)
            self.inside(node)

    def loop(self, node, text):
        """Of a for loop its bounds and its body; a macro's loop has no head of its own here."""
        body = node.children[-1]
        if text.startswith("for (") and len(node.children) > 1:
            for child in node.children[:-1]:
                self.inside(child)
        if body.start > node.start:
            self.branches([body])

    # -- expressions ------------------------------------------------------

    def test(self, node, *operators):
        text = self.source(node)
        if text and not SWITCH.fullmatch(text):
            if "negate" in operators and not FIXED.match(text):
                self.wrap("negate", node, "(mutant({id}) ^ !!(", "))")
            if "never" in operators:
                self.wrap("never", node, "(!mutant({id}) && (", "))")
        self.inside(node)

    def comes_back(self, node):
        text, kind = self.source(node), self.function.returns_kind
        if kind == "bool":
            self.wrap("return", node, "(mutant({id}) ^ !!(", "))")
        elif kind in ("int", "pointer") and text not in ("0", "NULL"):
            other = 1 if text in ZEROS else 0
            self.wrap("return", node,
                      f"(mutant({{id}}) ? ({self.function.returns}){other} : (", "))")
        self.inside(node)

    def expression(self, node):
        text = self.source(node)
        if node.kind == "BINARY_OPERATOR" and len(node.children) == 2:
            self.binary(node, *node.children)
        elif node.kind == "CONDITIONAL_OPERATOR" and \
                re.match(r"\s*\?", self.text[node.children[0].end:node.end]):
            self.test(node.children[0], "negate")
            node = type(node)(node.kind, node.start, node.end, node.children[1:])
        elif node.kind == "INTEGER_LITERAL":
            self.literal(node, text)
        for child in node.children:
            self.inside(child)

    def literal(self, node, text):
        if self.text[node.start - 1] == "[" or self.text[node.end:node.end + 1] == ":":
            return
        if NUMBER.match(text):
            self.wrap("const", node, "(mutant({id}) ? (" + text + ") + 1 : ", ")")
        elif text in ("true", "false"):
            self.wrap("const", node, "(mutant({id}) ^ ", ")")

    def binary(self, node, left, right):
        if not left.start == node.start <= left.end <= right.start <= right.end == node.end:
            return
        sign = one_line(self.text[left.end:right.start])
        if sign in ("&&", "||"):
            self.operands(sign, left, right)
        a, b = (one_line(self.source(side)).replace("{", "{{").replace("}", "}}")
                for side in (left, right))
        if sign in BOUNDS:
            self.wrap("bound", node, f"(mutant({{id}}) ? ({a}) {BOUNDS[sign]} ({b}) : (", "))")
        elif sign in SIGNS and not (left.pointer and right.pointer):
            self.wrap("sign", node, f"(mutant({{id}}) ? ({a}) {SIGNS[sign]} ({b}) : (", "))")

    def operands(self, sign, left, right):
        """One side of && says yes whatever it is, one of || no."""
        for side in (left, right):
            text = self.source(side)
            if SWITCH.fullmatch(text) or not text:
                continue
            if sign == "&&":
                self.wrap("yes", side, "(mutant({id}) || (", "))")
            else:
                self.wrap("no", side, "(!mutant({id}) && (", "))")


def number(mutants):
    """Gives every mutant its id, from 1 on, and twins their number."""
    counts = {}
    for at, mutant in enumerate(mutants, 1):
        mutant.id = at
        base = mutant.key
        counts[base] = counts.get(base, 0) + 1
        mutant.number = counts[base]
    return mutants
