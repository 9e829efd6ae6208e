"""Catalog rows that follow from the function registry: pg_proc, pg_operator, pg_cast, pg_aggregate; and system views.

The registry stands above the catalog, so its rows are made here, where both are known.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any


from aurorapy.catalog.rows import row
from aurorapy.catalog.schema import data_lines
from aurorapy.catalog.seed import vector
from aurorapy.expressions import registry
from aurorapy.types.values import Array

_FIRST_CAST_OID = 10035


def registry_rows() -> dict[str, list[tuple]]:
    registry.load()
    rows: dict[str, list[tuple]] = defaultdict(list)
    seen: set[int] = set()
    for function in registry.FUNCTIONS_BY_OID.values():
        seen.add(function.oid)
        rows["pg_proc"].append(function_row(function))
        if function.aggregate is not None:
            rows["pg_aggregate"].append(_aggregate_row(function))
    for oid, name in _type_io_functions():
        if oid not in seen:
            seen.add(oid)
            rows["pg_proc"].append(_internal_function(oid, name))
    by_key: dict[tuple[str, int, int], int] = {}
    operators = [op for found in registry.OPERATORS.values() for op in found]
    for op in operators:
        by_key[op.name, op.left_oid, op.right_oid] = op.oid
    for op in operators:
        rows["pg_operator"].append(_operator_row(op, by_key))
    for number, cast in enumerate(registry.CASTS.values()):
        rows["pg_cast"].append(
            row("pg_cast", oid=cast.oid or _FIRST_CAST_OID + number, castsource=cast.source_oid,
                casttarget=cast.target_oid, castfunc=cast.fn.oid if cast.fn else 0, castcontext=cast.context,
                castmethod=cast.method)
        )  # fmt: skip
    return rows


def function_row(function: Any) -> tuple:
    all_types = None
    modes = None
    names = Array.of([*function.arg_names, *function.out_names], 25) if function.arg_names or function.out_names else None
    if function.out_oids:
        all_types = Array.of([*function.arg_oids, *function.out_oids], 26)
        mode = "t" if function.returns_set else "o"
        modes = Array.of(["i"] * len(function.arg_oids) + [mode] * len(function.out_oids), 18)
        if not function.arg_names:
            names = Array.of([""] * len(function.arg_oids) + list(function.out_names), 25)
    return row(
        "pg_proc", oid=function.oid, proname=function.name, pronamespace=function.schema, proowner=10, prolang=12,
        procost=float(function.cost or 1), prorows=float(function.rows or (1000 if function.returns_set else 0)),
        provariadic=function.variadic_oid, prokind=function.kind, prosecdef=False, proleakproof=False,
        proisstrict=function.strict, proretset=function.returns_set, provolatile=function.volatility, proparallel="s",
        pronargs=len(function.arg_oids), pronargdefaults=function.defaults, prorettype=function.ret_oid,
        proargtypes=vector(function.arg_oids, 26), proallargtypes=all_types, proargmodes=modes, proargnames=names,
        prosrc="aggregate_dummy" if function.kind == "a" else function.name,
    )  # fmt: skip


def _internal_function(oid: int, name: str) -> tuple:
    return row(
        "pg_proc", oid=oid, proname=name, pronamespace=11, proowner=10, prolang=12, procost=1.0, prokind="f",
        proisstrict=True, provolatile="i", proparallel="s", pronargs=1, prorettype=2281,
        proargtypes=vector((2281,), 26), prosrc=name,
    )  # fmt: skip


def _type_io_functions() -> list[tuple[int, str]]:
    found: dict[int, str] = {750: "array_in", 751: "array_out", 2400: "array_recv", 2401: "array_send",
                             3: "heap_tableam_handler", 330: "bthandler", 331: "hashhandler", 2290: "record_in", 2291: "record_out", 2402: "record_recv", 2403: "record_send"}  # fmt: skip
    for line in data_lines("typeio"):
        oids = [int(n) for n in (*line[2:6], *line[6:8])]
        for oid, name in zip(oids, line[9:15]):
            if oid and name != "-":
                found[oid] = name
    return list(found.items())


def _aggregate_row(function: Any) -> tuple:
    aggregate = function.aggregate
    return row(
        "pg_aggregate", aggfnoid=function.oid, aggkind=aggregate.kind, aggtransfn=aggregate.trans_fn,
        aggtranstype=aggregate.trans_type or 2281, aggfinalmodify="r", aggmfinalmodify="r",
    )  # fmt: skip


def _operator_row(op: Any, by_key: dict[tuple[str, int, int], int]) -> tuple:
    commutator = by_key.get((op.commutator, op.right_oid, op.left_oid), 0) if op.commutator else 0
    negator = by_key.get((op.negator, op.left_oid, op.right_oid), 0) if op.negator else 0
    return row(
        "pg_operator", oid=op.oid, oprname=op.name, oprnamespace=11, oprowner=10, oprkind="b" if op.left_oid else "l",
        oprcanmerge=op.merges, oprcanhash=op.hashes, oprleft=op.left_oid, oprright=op.right_oid, oprresult=op.ret_oid,
        oprcom=commutator, oprnegate=negator, oprcode=op.fn.oid,
    )  # fmt: skip


def view_rows(superuser: str) -> dict[str, list[tuple]]:
    """pg_class, pg_attribute and pg_rewrite rows of the system views of data/views.sql."""
    from aurorapy.instance.system_views import system_view_rows

    return system_view_rows(superuser)


