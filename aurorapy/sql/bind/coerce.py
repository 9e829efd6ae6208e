"""From one type to another, by PostgreSQL's rules (manual, chapter 10).

    implicit    where the type merely fits: operands, function arguments
    assignment  where a value is stored: INSERT, UPDATE, defaults
    explicit    where the query says so: CAST

A string literal has type unknown until something gives it one, and is read by that type's input function then and there.
A parameter without a type takes the first one it is asked for.

Errors: 42804 when there is no way, 22P02 and kin from reading a literal, 42P08 for a parameter asked for two types.

Not here: choosing operators and functions (`overloads`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.expressions import nodes as n
from aurorapy.expressions import registry
from aurorapy.records import replace
from aurorapy.sql.bind.params import Parameters
from aurorapy.sql.bind.types import (
    ANY,
    ANYARRAY,
    ANYCOMPATIBLE,
    ANYCOMPATIBLEARRAY,
    ANYCOMPATIBLENONARRAY,
    ANYELEMENT,
    ANYENUM,
    ANYNONARRAY,
    BOOL,
    INT2VECTOR,
    INT4,
    OIDVECTOR,
    POLYMORPHIC,
    RECORD,
    RECORD_ARRAY,
    TEXT,
    UNKNOWN,
    Types,
)
from aurorapy.types.model import TypeContext

IMPLICIT, ASSIGNMENT, EXPLICIT = "implicit", "assignment", "explicit"
_RANK = {IMPLICIT: 0, ASSIGNMENT: 1, EXPLICIT: 2}
_CAST_RANK = {"i": 0, "a": 1, "e": 2}


class Coercion:
    """Conversions for one statement."""

    __slots__ = ("types", "parameters", "context")

    def __init__(self, types: Types, parameters: Parameters, context: TypeContext) -> None:
        self.types = types
        self.parameters = parameters
        self.context = context

    # -- whether ----------------------------------------------------------------------------------------------------
    def pathway(self, source: int, target: int, context: str) -> tuple[str, Any] | None:
        """How `source` becomes `target`: (relabel | call | io | array, function or None), or None when it may not."""
        types = self.types
        source, target = types.base(source), types.base(target)
        if source == target:
            return "relabel", None
        rank = _RANK[context]
        declared = registry.cast_between(source, target)
        if declared is not None:
            if rank < _CAST_RANK[declared.context]:
                return None
            return {"f": ("call", declared.fn), "b": ("relabel", None), "i": ("io", None)}[declared.method]
        source_elem, target_elem = types.element(source), types.element(target)
        if source_elem and target_elem and target not in (INT2VECTOR, OIDVECTOR):
            inner = self.pathway(source_elem, target_elem, context)
            if inner is None:
                return None
            return ("io", None) if inner[0] == "io" else ("array", None)
        if rank >= 1 and types.category(target) == "S":
            return "io", None
        if rank >= 2 and types.category(source) == "S":
            return "io", None
        return None

    def can(self, sources: list[int], targets: list[int], context: str) -> bool:
        """Whether every source can become its target."""
        generic = False
        for source, target in zip(sources, targets):
            if source == target or target == ANY:
                continue
            if target in POLYMORPHIC:
                generic = True
                continue
            if source == UNKNOWN:
                continue
            if source == RECORD and self.types.get(target).kind == "c":
                continue
            if target == RECORD and self.types.get(source).kind == "c":
                continue
            if target == RECORD_ARRAY and self.types.category(source) == "A":
                elem = self.types.element(source)
                if elem and self.types.get(elem).kind == "c":
                    continue
            if self.pathway(source, target, context) is None:
                return False
        return not generic or self.generic_consistent(sources, targets)

    def generic_consistent(self, sources: list[int], targets: list[int]) -> bool:
        elem = array = 0
        compatible: list[int] = []
        for source, target in zip(sources, targets):
            if target in (ANYELEMENT, ANYNONARRAY, ANYENUM):
                if source == UNKNOWN:
                    continue
                if target == ANYNONARRAY and self.types.element(source):
                    return False
                if target == ANYENUM and self.types.get(source).kind != "e":
                    return False
                if elem and elem != source:
                    return False
                elem = source
            elif target == ANYARRAY:
                if source == UNKNOWN:
                    continue
                source = self.types.base(source)
                if source != ANYARRAY and not self.types.element(source):
                    return False
                if array and array != source:
                    return False
                array = source
            elif target in (ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY):
                if source != UNKNOWN:
                    compatible.append(source)
            elif target == ANYCOMPATIBLEARRAY:
                if source == UNKNOWN:
                    continue
                inner = self.types.element(source)
                if not inner:
                    return False
                compatible.append(inner)
            elif target in POLYMORPHIC:
                return False
        if array and array != ANYARRAY and elem and self.types.element(array) != elem:
            return False
        return not compatible or self.common_of(compatible) is not None

    # -- doing it ---------------------------------------------------------------------------------------------------
    def to_target(self, expr: n.Expr, target: int, typmod: int, context: str, form: str = "implicit") -> n.Expr | None:
        """The expression as `target` with the modifier applied; None when there is no way."""
        if not self.can([expr.type_oid], [target], context):
            return None
        result = self.coerce(expr, target, typmod, context, form)
        final = self.apply_typmod(result, target, typmod, context, form)
        if final is not result and result is not expr and hasattr(result, "form") and isinstance(final, n.Call):
            # only the outer of the two conversions was written
            hidden = replace(result, form="implicit")
            final = replace(final, args=(hidden, *final.args[1:]))
        return final

    def coerce(self, expr: n.Expr, target: int, typmod: int, context: str, form: str = "implicit") -> n.Expr:
        """As `to_target` without the modifier; the caller knows that there is a way."""
        source = expr.type_oid
        if source == target or target in (ANY, ANYELEMENT, ANYNONARRAY, ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY):
            return expr
        if target in POLYMORPHIC and source != UNKNOWN:
            return expr
        if source == UNKNOWN:
            if isinstance(expr, n.Const):
                return self.read_literal(expr, target, typmod)
            if isinstance(expr, n.Param):
                return self.parameters.decide(expr, target)
            if isinstance(expr, n.Relabel) and isinstance(expr.arg, (n.Const, n.Param)):
                return self.coerce(expr.arg, target, typmod, context, form)
            return n.CoerceViaIO(target, -1, expr.position, expr, form)
        path = self.pathway(source, target, context)
        if path is None:
            if target == RECORD or self.types.get(target).kind == "c":
                return self.coerce_row(expr, target, context, form)
            raise self.cannot(source, target, expr.position)
        how, fn = path
        if how == "relabel":
            return n.Relabel(target, -1, expr.position, expr, form)
        if how == "io":
            return n.CoerceViaIO(target, -1, expr.position, expr, form)
        if how == "array":
            return self.coerce_array(expr, target, -1, context, form)
        args = (expr,)
        if len(fn.arg_oids) > 1:
            args += (n.Const(INT4, value=typmod),)
        if len(fn.arg_oids) > 2:
            args += (n.Const(BOOL, value=context == EXPLICIT),)
        if fn.arg_oids[0] != source and fn.arg_oids[0] not in POLYMORPHIC:
            args = (n.Relabel(fn.arg_oids[0], -1, expr.position, expr, "implicit"), *args[1:])
        result = n.Call(fn.ret_oid, -1, expr.position, fn, args, form="cast" if form == "cast" else "implicit")
        if fn.ret_oid != target:
            result = n.Relabel(target, -1, expr.position, result, form)
        return result

    def coerce_row(self, expr: n.Expr, target: int, context: str, form: str) -> n.Expr:
        if target == RECORD:
            return n.Relabel(RECORD, -1, expr.position, expr, form)
        fields = self.types.get(target).extra.get("fields")
        if isinstance(expr, n.RowExpr) and fields is not None and len(fields) == len(expr.items):
            items = []
            for item, (name, oid, typmod) in zip(expr.items, fields):
                value = self.to_target(item, oid, typmod, context, "implicit")
                if value is None:
                    raise self.cannot(expr.type_oid, target, expr.position)
                items.append(value)
            return n.RowExpr(target, -1, expr.position, tuple(items), tuple(f[0] for f in fields))
        raise self.cannot(expr.type_oid, target, expr.position)

    def coerce_array(self, expr: n.Expr, target: int, typmod: int, context: str, form: str) -> n.Expr:
        source_elem, target_elem = self.types.element(self.types.base(expr.type_oid)), self.types.element(target)
        slot: n.Expr = n.Param(source_elem, -1, 0, -1)
        element = self.coerce(slot, target_elem, typmod, context, form)
        if isinstance(element, n.Relabel) or element is slot:
            return n.Relabel(target, -1, expr.position, expr, form)
        return n.ArrayCoerce(target, typmod, expr.position, expr, element, form)

    def read_literal(self, const: n.Const, target: int, typmod: int) -> n.Const:
        """The literal's text through the type's input function."""
        base = self.types.get(self.types.base(target))
        if const.value is None:
            return n.Const(target, -1, const.position, None)
        if base.oid in (ANYARRAY, RECORD):
            name = self.types.show(base.oid)
            raise DatabaseError(f"input of {'anonymous composite types' if base.oid == RECORD else f'type {name}'}"
                                " is not implemented", sqlstate="0A000", position=const.position)  # fmt: skip
        # only interval's fields change how the text is read; other modifiers are applied to the value
        input_typmod = typmod if base.oid == 1186 else -1
        try:
            value = base.input(const.value, input_typmod, self.context)
        except DatabaseError as error:
            error.position = error.position or const.position
            raise
        return n.Const(target, input_typmod, const.position, value)

    def apply_typmod(self, expr: n.Expr, target: int, typmod: int, context: str, form: str) -> n.Expr:
        """The value cut, padded or rounded to the type's modifier, by the type's length function."""
        if typmod < 0 or expr.typmod == typmod and not isinstance(expr, n.Const):
            return expr
        element = self.types.element(target)
        explicit = context == EXPLICIT
        fn = registry.length_cast(element or target)
        if fn is None:
            return replace(expr, typmod=typmod)
        if not element:
            return self.length_call(expr, target, typmod, fn, explicit, form)
        slot = n.Param(element, -1, 0, -1)
        inner = self.length_call(slot, element, typmod, fn, explicit, form)
        return n.ArrayCoerce(target, typmod, expr.position, expr, inner, form)

    def length_call(self, expr: n.Expr, target: int, typmod: int, fn: Any, explicit: bool, form: str) -> n.Expr:
        args: tuple[n.Expr, ...] = (expr, n.Const(INT4, value=typmod))
        if len(fn.arg_oids) > 2:
            args += (n.Const(BOOL, value=explicit),)
        return n.Call(target, typmod, expr.position, fn, args, form="cast" if form == "cast" else "implicit")

    def cannot(self, source: int, target: int, position: int) -> DatabaseError:
        return DatabaseError(
            f"cannot cast type {self.types.show(source)} to {self.types.show(target)}", sqlstate="42846", position=position
        )

    # -- common uses ------------------------------------------------------------------------------------------------
    def to_boolean(self, expr: n.Expr, construct: str) -> n.Expr:
        """The argument of WHERE, AND, ...: 42804 unless it is boolean."""
        if expr.type_oid == BOOL:
            return expr
        result = self.to_target(expr, BOOL, -1, ASSIGNMENT)
        if result is None:
            raise DatabaseError(
                f"argument of {construct} must be type boolean, not type {self.types.show(expr.type_oid)}",
                sqlstate="42804", position=expr.position,
            )  # fmt: skip
        return result

    def to_type(self, expr: n.Expr, target: int, construct: str) -> n.Expr:
        if expr.type_oid == target:
            return expr
        result = self.to_target(expr, target, -1, ASSIGNMENT)
        if result is None:
            raise DatabaseError(
                f"argument of {construct} must be type {self.types.show(target)}, not type {self.types.show(expr.type_oid)}",
                sqlstate="42804", position=expr.position,
            )  # fmt: skip
        return result

    def settle(self, expr: n.Expr) -> n.Expr:
        """An output column still unknown is text."""
        return self.coerce(expr, TEXT, -1, IMPLICIT) if expr.type_oid == UNKNOWN else expr

    def common_of(self, oids: list[int]) -> int | None:
        """The common type of several known types, or None."""
        found = self.choose(oids)
        return found if found and all(self.can([o], [found], IMPLICIT) for o in oids) else None

    def choose(self, oids: list[int]) -> int:
        """The common type by category and preference, TEXT when all are unknown, 0 when categories differ."""
        types = self.types
        if all(o == oids[0] for o in oids) and oids[0] != UNKNOWN:
            return oids[0]
        chosen, category, preferred = 0, "", False
        for oid in oids:
            oid = types.base(oid)
            if oid == UNKNOWN:
                continue
            found = types.get(oid)
            if not chosen:
                chosen, category, preferred = oid, found.category, found.preferred
            elif found.category != category:
                return 0
            elif (
                not preferred
                and self.can([chosen], [oid], IMPLICIT)
                and not self.can([oid], [chosen], IMPLICIT)
            ):
                chosen, preferred = oid, found.preferred
        return chosen or TEXT

    def common_type(self, exprs: list[n.Expr], construct: str) -> int:
        """The type that UNION, CASE, VALUES and their kin give their columns."""
        types = self.types
        oids = [e.type_oid for e in exprs]
        chosen = self.choose(oids)
        if chosen:
            return chosen
        first = next(types.base(o) for o in oids if types.base(o) != UNKNOWN)
        category, preferred = types.category(first), types.get(first).preferred
        for expr in exprs:
            oid = types.base(expr.type_oid)
            if oid == UNKNOWN or oid == first:
                continue
            if types.category(oid) != category:
                raise DatabaseError(
                    f"{construct} types {types.show(first)} and {types.show(oid)} cannot be matched",
                    sqlstate="42804", position=expr.position,
                )  # fmt: skip
            if not preferred and self.can([first], [oid], IMPLICIT) and not self.can([oid], [first], IMPLICIT):
                first, preferred = oid, types.get(oid).preferred
        return first

    def to_common(self, expr: n.Expr, target: int, construct: str) -> n.Expr:
        if expr.type_oid == target:
            return expr
        if not self.can([expr.type_oid], [target], IMPLICIT):
            raise DatabaseError(
                f"{construct} could not convert type {self.types.show(expr.type_oid)} to {self.types.show(target)}",
                sqlstate="42846", position=expr.position,
            )  # fmt: skip
        return self.coerce(expr, target, -1, IMPLICIT)

    @staticmethod
    def common_typmod(exprs: list[n.Expr], target: int) -> int:
        first = exprs[0].typmod if exprs else -1
        return first if all(e.type_oid == target and e.typmod == first for e in exprs) else -1
