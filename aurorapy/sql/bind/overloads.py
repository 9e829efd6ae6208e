"""Which operator, which function: overload resolution as in the PostgreSQL manual, sections 10.2 and 10.3.

    1  an exact match wins, an unknown literal counting as the other operand's type
    2  candidates that implicit coercion can reach
    3  of these, those with most exact matches; then most preferred types
    4  unknown arguments take the category the candidates agree on, strings first
    5  unknown arguments take the type the known ones all have

Errors: 42883 "operator does not exist", "function … does not exist"; 42725 "is not unique".

Not here: the functions themselves (`expressions.registry`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, UndefinedFunction
from aurorapy.expressions import registry
from aurorapy.expressions.registry import Function, Operator
from aurorapy.records import dataclass
from aurorapy.sql.bind.coerce import EXPLICIT, IMPLICIT, Coercion
from aurorapy.sql.bind.types import ANY, UNKNOWN
from aurorapy.types.builtin import BY_NAME

OPERATOR_HINT = (
    "No operator matches the given name and argument types. You might need to add explicit type casts."
)
PREFIX_HINT = "No operator matches the given name and argument type. You might need to add an explicit type cast."
FUNCTION_HINT = (
    "No function matches the given name and argument types. You might need to add explicit type casts."
)


@dataclass(slots=True)
class Candidate:
    """A function as it would be called: argument types after variadic expansion, and where each argument comes from."""

    fn: Any
    args: tuple[int, ...]
    variadic: bool = False  # the last arguments are elements of its array
    defaults: int = 0
    order: tuple[int, ...] | None = None  # for named notation: argument index for each parameter, -1 default


class Overloads:
    __slots__ = ("coercion", "types")

    def __init__(self, coercion: Coercion) -> None:
        self.coercion = coercion
        self.types = coercion.types

    # -- operators -----------------------------------------------------------------------------------------------------
    def operator(self, name: str, left: int, right: int, position: int, schema: str | None = None) -> Operator:
        """The operator for these operand types; left 0 for a prefix operator."""
        candidates = [op for op in registry.operators_named(name) if bool(op.left_oid) == bool(left)]
        if schema not in (None, "pg_catalog"):
            candidates = []
        exact_left = right if left == UNKNOWN else left
        exact_right = left if right == UNKNOWN and left else right
        if exact_left != UNKNOWN or exact_right != UNKNOWN:
            wanted = (self._base(exact_left), self._base(exact_right))
            for op in candidates:
                if (op.left_oid, op.right_oid) in ((exact_left, exact_right), wanted):
                    return op
        inputs = [left, right] if left else [right]
        wrapped = [Candidate(op, (op.left_oid, op.right_oid) if left else (op.right_oid,)) for op in candidates]
        matches = [c for c in wrapped if self.coercion.can(inputs, list(c.args), IMPLICIT)]
        if len(matches) > 1:
            chosen = self.select(inputs, matches)
        else:
            chosen = matches[0] if matches else None
        if chosen is not None:
            return chosen.fn
        shown = self._signature(name, left, right, schema)
        if matches:
            raise DatabaseError(
                f"operator is not unique: {shown}", sqlstate="42725", position=position,
                hint="Could not choose a best candidate operator. You might need to add explicit type casts.",
            )  # fmt: skip
        hint = OPERATOR_HINT if left else PREFIX_HINT
        raise UndefinedFunction(f"operator does not exist: {shown}", hint=hint, position=position)

    def _base(self, oid: int) -> int:
        return self.types.base(oid) if oid else 0

    def _signature(self, name: str, left: int, right: int, schema: str | None) -> str:
        shown = f"{schema}.{name}" if schema else name
        parts = [self.types.show(left), shown] if left else [shown]
        return " ".join([*parts, self.types.show(right)])

    # -- functions -----------------------------------------------------------------------------------------------------
    def candidates(self, name: str, count: int, names: list[str | None], variadic: bool) -> list[Candidate]:
        """Every function of that name that takes so many arguments."""
        found = []
        for fn in registry.functions_named(name):
            candidate = self._fit(fn, count, names, variadic)
            if candidate is not None:
                found.append(candidate)
        exact = {c.args for c in found if not c.variadic and not c.defaults}
        return [c for c in found if not (c.variadic or c.defaults) or c.args not in exact]

    def _fit(self, fn: Function, count: int, names: list[str | None], variadic: bool) -> Candidate | None:
        declared = tuple(fn.arg_oids)
        if any(names):
            return self._fit_named(fn, count, names)
        if fn.variadic_oid and not variadic:
            fixed = len(declared) - 1
            if fn.variadic_oid == ANY:
                if count <= fixed:
                    return None
                return Candidate(fn, declared[:fixed] + (ANY,) * (count - fixed), True)
            if count > fixed:
                return Candidate(fn, declared[:fixed] + (fn.variadic_oid,) * (count - fixed), True)
            return None
        if len(declared) == count:
            return Candidate(fn, declared)
        if len(declared) - fn.defaults <= count < len(declared):
            return Candidate(fn, declared[:count], defaults=len(declared) - count)
        return None

    def _fit_named(self, fn: Function, count: int, names: list[str | None]) -> Candidate | None:
        places: list[int] = [-1] * len(fn.arg_oids)
        for i, name in enumerate(names):
            if name is None:
                place = i
            elif name in fn.arg_names:
                place = fn.arg_names.index(name)
            else:
                return None
            if place >= len(places) or places[place] != -1:
                return None
            places[place] = i
        first_default = len(places) - fn.defaults
        if any(p == -1 and i < first_default for i, p in enumerate(places)):
            return None
        order = sorted((arg, i) for i, arg in enumerate(places) if arg != -1)
        return Candidate(fn, tuple(fn.arg_oids[i] for _, i in order), order=tuple(places), defaults=places.count(-1))

    def function(
        self, name: str, inputs: list[int], names: list[str | None], variadic: bool
    ) -> tuple[Candidate | None, bool]:
        """(the function for these argument types or None, whether several fitted equally well)."""
        found = self.candidates(name, len(inputs), names, variadic)
        for candidate in found:
            if list(candidate.args) == inputs:
                return candidate, False
        if len(inputs) == 1 and self.is_type_cast(name, inputs[0]):
            return None, False
        matches = [c for c in found if self.coercion.can(inputs, list(c.args), IMPLICIT)]
        if len(matches) > 1:
            chosen = self.select(inputs, matches)
            return chosen, chosen is None
        return (matches[0] if matches else None), False

    def is_type_cast(self, name: str, source: int) -> bool:
        """Whether name(x) means x::name: for literals and for casts that need no function."""
        target = BY_NAME.get(name)
        if target is None or target.kind == "p":
            return False
        if source == UNKNOWN:
            return True
        path = self.coercion.pathway(source, target.oid, EXPLICIT)
        if path is None:
            return False
        if path[0] == "relabel":
            return True
        return path[0] == "io" and not (
            self.types.category(target.oid) == "S" and (source == 2249 or self.types.get(source).kind == "c")
        )

    def missing_function(self, shown: str, position: int, ambiguous: bool, hint: str | None = FUNCTION_HINT) -> DatabaseError:
        if ambiguous:
            return DatabaseError(
                f"function {shown} is not unique", sqlstate="42725", position=position,
                hint="Could not choose a best candidate function. You might need to add explicit type casts.",
            )  # fmt: skip
        return UndefinedFunction(f"function {shown} does not exist", hint=hint, position=position)

    # -- the choice ----------------------------------------------------------------------------------------------------
    def select(self, inputs: list[int], candidates: list[Candidate]) -> Candidate | None:
        """Steps 3 to 5 of the chapter above."""
        types = self.types
        bases = [UNKNOWN if oid == UNKNOWN else types.base(oid) for oid in inputs]
        unknowns = bases.count(UNKNOWN)
        candidates = self._best(
            candidates, lambda c: sum(1 for base, arg in zip(bases, c.args) if base != UNKNOWN and arg == base)
        )
        if len(candidates) == 1:
            return candidates[0]
        categories = [types.category(base) for base in bases]
        candidates = self._best(
            candidates,
            lambda c: sum(
                1
                for base, category, arg in zip(bases, categories, c.args)
                if base != UNKNOWN and (arg == base or types.is_preferred(category, arg))
            ),
        )
        if len(candidates) == 1:
            return candidates[0]
        if not unknowns:
            return None
        candidates = self._agree(bases, candidates)
        if len(candidates) == 1:
            return candidates[0]
        known = {base for base in bases if base != UNKNOWN}
        if len(known) == 1:
            same = known.pop()
            fitting = [c for c in candidates if self.coercion.can([same] * len(inputs), list(c.args), IMPLICIT)]
            if len(fitting) == 1:
                return fitting[0]
        return None

    @staticmethod
    def _best(candidates: list[Candidate], score) -> list[Candidate]:
        scores = [score(c) for c in candidates]
        top = max(scores)
        return [c for c, s in zip(candidates, scores) if s == top]

    def _agree(self, bases: list[int], candidates: list[Candidate]) -> list[Candidate]:
        """Step 4: narrows by the category each unknown argument must have, if the candidates agree on one."""
        wanted: dict[int, tuple[str, bool]] = {}
        for i, base in enumerate(bases):
            if base != UNKNOWN:
                continue
            category, has_preferred, conflict = "", False, False
            for candidate in candidates:
                found = self.types.get(candidate.args[i])
                if not category:
                    category, has_preferred = found.category, found.preferred
                elif found.category == category:
                    has_preferred = has_preferred or found.preferred
                elif found.category == "S":
                    category, has_preferred = "S", found.preferred
                else:
                    conflict = True
            if conflict and category != "S":
                return candidates
            wanted[i] = (category, has_preferred)
        kept = [
            c
            for c in candidates
            if all(
                self.types.category(c.args[i]) == category and (not preferred or self.types.get(c.args[i]).preferred)
                for i, (category, preferred) in wanted.items()
            )
        ]
        return kept or candidates
