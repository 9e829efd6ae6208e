"""The surroundings in which expression source is emitted: who names the leaves, and what the source refers to.

    scope = Scope(leaf=lambda node: (f"row[{node.index}]", True))
    source = emit(expr, scope)               # "(None if (_t1 := row[0]) is None else _t1 + 1 ...)"
    exec(f"def project(ctx, row): return ({source},)", scope.globals)

`leaf(node)` gives the source of a Column, InputSlot, Param, Aggregate or WindowCall, alone (then it may be NULL) or
with whether it may be NULL. It should be a plain name or a subscript of one: it can occur more than once. `sublink(node,
scope)` does the same for a SubLink. The code must run with `scope.globals` as its globals and a variable named
`scope.context` holding the EvalContext. Sources assign scratch variables with := so they belong inside a function.

Errors: a leaf nobody names raises InternalError when it is emitted.

Not here: the emitting itself (`expressions.compile`).
"""

from __future__ import annotations

import re
from typing import Any, Callable

from aurorapy.errors import InternalError
from aurorapy.expressions import registry
from aurorapy.expressions.nodes import Expr
from aurorapy.types.builtin import TYPES

Source = tuple[str, bool]  # Python source, and whether its value may be NULL

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
NESTING_MAX = 60  # Python's tokenizer gives up at 200 open brackets


def no_leaf(node: Expr) -> str:
    raise InternalError(f"no value for {type(node).__name__} in this place")


class Scope:
    """See the module's chapter. One Scope may serve many expressions of one generated module."""

    def __init__(
        self,
        leaf: Callable[[Expr], str | Source] = no_leaf,
        sublink: Callable[[Any, Scope], str | Source] | None = None,
        type_by_oid: Callable[[int], Any] | None = None,
        context: str = "ctx",
        globals: dict[str, Any] | None = None,
    ) -> None:
        registry.load()
        self.leaf = leaf
        self.sublink = sublink
        self.context = context
        self.globals: dict[str, Any] = dict(registry.HELPERS)
        if globals is not None:  # the caller's dict is the one that will be used
            for name, value in self.globals.items():
                globals.setdefault(name, value)
            self.globals = globals
        self.inner: dict[int, Source] = {}  # Params with negative numbers: array elements, subquery outputs
        self.case_tests: list[Source] = []
        self.strict_parts: dict[str, tuple[list[str], str]] = {}  # source of a strict call → its NULL tests, the rest
        self._type_by_oid = type_by_oid
        self._roots: set[str] = {context}
        self._bound: dict[int, tuple[str, Any]] = {}
        self._count = 0

    def temp(self) -> str:
        """A scratch variable that nothing else uses."""
        self._count += 1
        return f"_t{self._count}"

    def bind(self, value: Any, hint: str = "k") -> str:
        """A global name for any Python object; the same object keeps its name."""
        known = self._bound.get(id(value))
        if known is not None:
            return known[0]
        self._count += 1
        name = f"_{hint}{self._count}"
        self._bound[id(value)] = (name, value)
        self.globals[name] = value
        return name

    def type_of(self, oid: int) -> Any:
        """types.model.Type, from the given lookup or the built-in ones."""
        if self._type_by_oid is not None:
            return self._type_by_oid(oid)
        return TYPES[oid]

    def leaf_source(self, node: Expr) -> Source:
        return self.note(self.leaf(node))

    def note(self, found: str | Source) -> Source:
        """Normalizes a callback's answer and remembers the variables it names."""
        source = (found, True) if isinstance(found, str) else found
        self._roots.update(_IDENTIFIER.findall(source[0]))
        return source

    def outline(self, source: str) -> str:
        """Moves a source that nests too deeply into a function of its own."""
        if len(source) < 2 * NESTING_MAX or _nesting(source) < NESTING_MAX:
            return source
        named = set(_IDENTIFIER.findall(source))
        arguments = ", ".join(sorted(self._roots & named - self.globals.keys()))
        its = {name: self.globals[name] for name in named & self.globals.keys()}  # not the dict that will hold it: no cycle
        made = eval(compile(f"lambda {arguments}: {source}", "<expression>", "eval"), its)
        return f"{self.bind(made, 'f')}({arguments})"


def _nesting(source: str) -> int:
    depth = deepest = 0
    for char in source:
        if char in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]":
            depth -= 1
    return deepest
