"""What the registry declares agrees with pg_proc and with the types' own list."""

from __future__ import annotations

from aurorapy.expressions import registry
from aurorapy.expressions.typeoids import ARRAY_OF, OID_OF
from aurorapy.types.builtin import TYPES
from aurorapy.types.names import format_type
from tests.expressions import golden

_NAMES = {2276: '"any"', 2278: "void", 18: '"char"'}


def _name(oid: int) -> str:
    return format_type(oid, None)


def test_functions_agree_with_pg_proc() -> None:
    registry.load()
    wrong = []
    for line in (golden.FOLDER / "facts.txt").read_text(encoding="utf-8").splitlines():
        oid, name, args, ret, strict, volatility, retset, kind, variadic, defaults = line.split("\t")
        fn = registry.FUNCTIONS_BY_OID[int(oid)]
        mine = (fn.name, fn.strict, fn.volatility, fn.returns_set, fn.kind, fn.variadic_oid, fn.defaults)
        if mine != (name, strict == "True", volatility, retset == "True", kind, int(variadic), int(defaults)):
            wrong.append((oid, mine, line))
        known = all(o in TYPES for o in fn.arg_oids)
        if known and ", ".join(map(_name, fn.arg_oids)) != args:
            wrong.append((oid, fn.name, args))
        if fn.ret_oid in TYPES and _name(fn.ret_oid) != ret:
            wrong.append((oid, fn.name, ret))
    assert not wrong, wrong[:10]


def test_type_names_agree_with_types() -> None:
    for name, oid in OID_OF.items():
        if oid in TYPES:
            assert TYPES[oid].name == name
            assert TYPES[oid].array_oid == ARRAY_OF.get(oid, 0), name


def test_default_operators() -> None:
    for oid in (16, 17, 18, 19, 20, 21, 23, 25, 26, 27, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 2950, 3802):
        found = registry.default_operators(oid)
        assert found is not None, oid
        assert [found.less.name, found.less_equal.name, found.equals.name, found.greater_equal.name, found.greater.name] == [
            "<", "<=", "=", ">=", ">",
        ]  # fmt: skip
        assert found.not_equals is not None and found.not_equals.name == "<>"
    assert registry.default_operators(114) is None
    assert registry.default_operators(1007).equals.left_oid == 2277
    assert registry.equality_operator(28).name == "="


def test_every_operator_and_cast_has_its_function() -> None:
    registry.load()
    for op in registry.OPERATORS_BY_OID.values():
        assert len(op.fn.arg_oids) == (2 if op.left_oid else 1), op
        for other in (op.commutator, op.negator):
            assert not other or registry.operators_named(other), (op, other)
    for cast in registry.CASTS.values():
        assert (cast.fn is not None) == (cast.method == "f"), cast
