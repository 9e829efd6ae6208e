"""Functions under construction: lines, nesting, names of columns, and the way from an expression to source.

A plan becomes one outer function `run(ctx)`. An operator that must keep its own loop (a sort, a limit, the inner side of
a join) becomes a generator function nested in it, defined at the top of the function that uses it, so that it sees the
columns of the rows around it as ordinary closure variables:

    def run(ctx):
        ectx = ctx.eval                     ← prologue
        def g1():                           ← prologue: a nested function
            ...
            yield (c0_1,)
        for (c0_1,) in g1():                ← body
            yield (c0_1,)

Python allows 20 nested loops and 100 levels of indentation; `Writer.deep` says when to start a new function.

Not here: what each operator writes (`operators` and its neighbours).
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Callable, Iterable

from aurorapy.errors import InternalError
from aurorapy.expressions.compile import emit_condition, emit_nullable
from aurorapy.expressions import registry
from aurorapy.expressions.nodes import Column, Const, Expr, Param, SubLink
from aurorapy.expressions.scope import Scope
from aurorapy.sql.plan.columns import rewrite
from aurorapy.sql.plan.nodes import SubPlan

Key = tuple[int, int]  # (relation id, attno)
Source = tuple[str, bool]

BLOCKS_MAX = 12
CODE_CACHE_MAX = 1024
CONSTANTS = -1  # relation id under which bound constants are kept
_CODE: dict[str, Any] = {}  # source → code: plans of one form are compiled once
INDENT_MAX = 40
_ATOM = re.compile(r"(?:[A-Za-z_]\w*|\d+|'[^'\\]*')\Z")


class Function:
    """One Python function being written."""

    def __init__(self, header: str, parent: Function | None) -> None:
        self.header = header
        self.parent = parent
        self.prologue: list[str] = []
        self.body: list[str] = []
        self.indent = 0
        self.blocks = 0  # loops around the current line
        self.repeats = False  # its callers call it for each row, for the same rows: what it keeps belongs further out
        self.env: dict[Key, Source] = {}

    def find(self, key: Key) -> Source | None:
        found = self.env.get(key)
        if found is None and self.parent is not None:
            return self.parent.find(key)
        return found

    def lines(self) -> list[str]:
        inner = ["    " + line for line in (*self.prologue, *self.body)]
        return [self.header, *(inner or ["    pass"])]


class Writer:
    """Writes one plan's source; `fn` is the function being written now."""

    def __init__(self, analyze: bool = False, bind_constants: bool = False, params: str = "ctx.params") -> None:
        registry.load()
        self.params = params  # what the source calls the parameters' values
        self.globals: dict[str, Any] = dict(registry.HELPERS)
        self.analyze = analyze
        self.bind_constants = bind_constants  # so that statements that differ in literals share their code
        self.root = self.fn = Function("def run(ctx):", None)
        self.scope = Scope(self._leaf, self._sublink, context="ectx", globals=self.globals)
        self.root.prologue += ["ectx = ctx.eval", "give_way = ectx.give_way", "snap = ctx.snapshot"]
        self._counted: dict[int, str] = {}  # id of a condition → what counts the rows that fail it, for EXPLAIN ANALYZE
        self._params: set[int] = set()
        self.known_params: set[int] = set()  # that the code has found not to be NULL
        self._tables: dict[int, str] = {}
        self._count = self._constants = 0
        self.subplan_source: Callable[[SubPlan], Source] = lambda plan: ("None", True)
        self.whole_rows: dict[int, Expr] = {}
        self.epilogue: list[str] = []  # of the whole run, when its rows have all been asked for
        self.done: dict[Any, Any] = {}  # subplans and WITH queries already written

    # -- names
    def name(self, hint: str) -> str:
        """A fresh variable or function name."""
        self._count += 1
        return f"{hint}{self._count}"

    def bind(self, value: Any, hint: str = "k") -> str:
        """A global name for a Python object."""
        return self.scope.bind(value, hint)

    @staticmethod
    def variable(key: Key) -> str:
        rel, attno = key
        return f"c{rel}_{attno}" if attno >= 0 else f"c{rel}_m{-attno}"

    def declare(self, keys: Iterable[Key], nullable: bool = True) -> list[str]:
        """Column variables of the current function for `keys`."""
        names = []
        for key in keys:
            name = self.variable(key)
            self.fn.env[key] = (name, nullable)
            names.append(name)
        return names

    def table(self, relation: Any) -> str:
        """The variable that holds the opened table."""
        found = self._tables.get(relation.oid)
        if found is None:
            found = self._tables[relation.oid] = f"tab{len(self._tables)}"
            self.root.prologue.append(f"{found} = ctx.open_table({self.bind(relation, 'rel')})")
        return found

    # -- lines
    def line(self, text: str) -> None:
        self.fn.body.append("    " * self.fn.indent + text)

    @contextmanager
    def block(self, header: str):
        """`for ...:` or `if ...:`; loops are counted."""
        fn = self.fn
        self.line(header)
        start = len(fn.body)
        loop = header.startswith(("for ", "while ", "try", "with "))
        fn.indent += 1
        fn.blocks += loop
        yield
        if len(fn.body) == start:
            self.line("pass")
        fn.indent -= 1
        fn.blocks -= loop

    @property
    def deep(self) -> bool:
        return self.fn.blocks >= BLOCKS_MAX or self.fn.indent >= INDENT_MAX

    @contextmanager
    def function(self, name: str, arguments: str = "", home: Function | None = None):
        """Writes a nested function into the prologue of the current function (or of `home`)."""
        outer = self.fn
        home = home or outer
        self.fn = made = Function(f"def {name}({arguments}):", home)
        try:
            yield made
        finally:
            self.fn = outer
        home.prologue.extend(made.lines())

    # -- expressions
    def _leaf(self, expr: Expr) -> Source:
        if type(expr) is Column:
            found = self.fn.find((expr.rte, expr.attno))
            if found is None and expr.attno == 0 and expr.rte in self.whole_rows:
                return self.value(self.whole_rows[expr.rte])
            if found is None:
                raise InternalError(f"column {expr.rte}.{expr.attno} is not available here")
            return found
        if type(expr) is Param:
            if expr.number not in self._params:
                self._params.add(expr.number)
                self.root.prologue.insert(3, f"p{expr.number} = {self.params}[{expr.number - 1}]")
            return f"p{expr.number}", expr.number not in self.known_params
        raise InternalError(f"no value for {type(expr).__name__} in a plan")

    def _sublink(self, expr: SubLink, scope: Scope) -> Source:
        return self.subplan_source(expr.query)

    def _prepared(self, expr: Expr) -> Expr:
        def change(part: Expr) -> Expr | None:
            if type(part) is Const and self.bind_constants:
                if part.value is None or type(part.value) is bool:
                    return part
                self._constants += 1
                name = f"const{self._constants}"
                self.globals[name] = part.value
                self.root.env[CONSTANTS, self._constants] = (name, False)
                return Column(part.type_oid, part.typmod, 0, CONSTANTS, self._constants)
            return SubLink(part.type_oid, part.typmod, 0, part.kind, part) if type(part) is SubPlan else None

        return rewrite(expr, change)

    def value(self, expr: Expr) -> Source:
        """(source, may be NULL)"""
        return emit_nullable(self._prepared(expr), self.scope)

    def source(self, expr: Expr) -> str:
        return self.value(expr)[0]

    def condition(self, expr: Expr) -> str:
        return emit_condition(self._prepared(expr), self.scope)

    def where(self, quals: list[Expr]) -> str:
        return " and ".join(self.condition(q) for q in quals)

    @contextmanager
    def passing(self, quals: list[Expr]):
        """What is written inside happens for rows that meet `quals`."""
        if not quals:
            yield
        elif self._counted:
            with self._counting(quals):
                yield
        elif self.fn.blocks:
            self.line(f"if not ({self.where(quals)}): continue")
            yield
        else:
            with self.block(f"if {self.where(quals)}:"):
                yield

    def count_removed(self, number: int, what: str, quals: list[Expr]) -> None:
        """Rows that fail one of these conditions are counted in stats[what, number]."""
        if quals:
            name = f"{what}{number}"
            self.root.prologue.append(f"{name} = stats[{what!r}, {number}] = [0]")
            self._counted.update((id(q), name) for q in quals)

    @contextmanager
    def _counting(self, quals: list[Expr]):
        """passing() of the conditions that the first one's counter is for, then of the others."""
        counter = self._counted.get(id(quals[0]))
        mine = [q for q in quals if self._counted.get(id(q)) == counter]
        rest = [q for q in quals if self._counted.get(id(q)) != counter]
        if self.fn.blocks:
            with self.block(f"if not ({self.where(mine)}):"):
                if counter is not None:
                    self.line(f"{counter}[0] += 1")
                self.line("continue")
            with self.passing(rest):
                yield
            return
        with self.block(f"if {self.where(mine)}:"):
            with self.passing(rest):
                yield
        if counter is not None:
            with self.block("else:"):
                self.line(f"{counter}[0] += 1")

    def assign(self, key: Key, expr: Expr) -> None:
        """Computes an expression into the column variable `key`, or makes the column another name of an atom."""
        source, nullable = self.value(expr)
        if _ATOM.match(source):
            self.fn.env[key] = (source, nullable)
            return
        name = self.variable(key)
        self.line(f"{name} = {source}")
        self.fn.env[key] = (name, nullable)

    def tuple_of(self, names: Iterable[str]) -> str:
        """`(a, b)`, `(a,)` or `()`"""
        items = list(names)
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"

    @staticmethod
    def pattern(names: list[str]) -> str:
        """An unpacking target for a row of these variables."""
        if not names:
            return "_"
        return f"({names[0]},)" if len(names) == 1 else ", ".join(names)

    def compile(self) -> tuple[Any, str]:
        """(run, source). Ends the writer: constants may be of 100 MB, and go with the plan when nothing refers back to them."""
        self.root.body += self.epilogue
        source = "\n".join(self.root.lines()) + "\n"
        code = _CODE.get(source)
        if code is None:
            if len(_CODE) >= CODE_CACHE_MAX:
                _CODE.clear()
            code = _CODE[source] = compile(source, "<plan>", "exec")
        exec(code, self.globals)
        del self.scope, self.subplan_source  # which refer to the writer
        return self.globals.pop("run"), source

