"""Objects of the catalog as text: definitions, comments, visibility, names of roles, reg* lookups.

    pg_get_expr(adbin, adrelid)      pg_get_indexdef(i)      to_regclass('t') → NULL when there is none

What needs the catalog's own knowledge is asked of `EvalContext.definitions`; the rest is answered here.

Errors: 42P01, 42883 and the like of names that must exist.

Not here: privileges (`privileges`), sizes and settings (`system`).
"""

from __future__ import annotations

from aurorapy.catalog.model import KIND_NAMES
from aurorapy.errors import DatabaseError
from aurorapy.expressions.registry import function
from aurorapy.types.values import Array

_ctx = dict(context=True)

# ---- definitions ----------------------------------------------------------------------------------------------------

function("pg_get_expr(pg_node_tree, oid) text", 1716, volatility="s", **_ctx)(lambda ctx, e, r: ctx.definitions.expression(e, r, False))
function("pg_get_expr(pg_node_tree, oid, bool) text", 2509, volatility="s", **_ctx)(lambda ctx, e, r, p: ctx.definitions.expression(e, r, p))
function("pg_get_indexdef(oid) text", 1643, volatility="s", **_ctx)(lambda ctx, i: ctx.definitions.index(i, 0, False))
function("pg_get_indexdef(oid, int4, bool) text", 2507, volatility="s", **_ctx)(lambda ctx, i, c, p: ctx.definitions.index(i, c, p))
function("pg_get_constraintdef(oid) text", 1387, volatility="s", **_ctx)(lambda ctx, c: ctx.definitions.constraint(c, False))
function("pg_get_constraintdef(oid, bool) text", 2508, volatility="s", **_ctx)(lambda ctx, c, p: ctx.definitions.constraint(c, p))
function("pg_get_viewdef(oid) text", 1641, volatility="s", **_ctx)(lambda ctx, v: ctx.definitions.view(v, False))
function("pg_get_viewdef(oid, bool) text", 2506, volatility="s", **_ctx)(lambda ctx, v, p: ctx.definitions.view(v, p))
function("pg_get_viewdef(oid, int4) text", 3159, volatility="s", **_ctx)(lambda ctx, v, wrap: ctx.definitions.view(v, True))
function("pg_get_viewdef(text) text", 1640, volatility="s", **_ctx)(lambda ctx, v: ctx.definitions.view(_regclass(ctx, v), False))
function("pg_get_viewdef(text, bool) text", 2505, volatility="s", **_ctx)(lambda ctx, v, p: ctx.definitions.view(_regclass(ctx, v), p))
function("pg_get_ruledef(oid) text", 1573, volatility="s", **_ctx)(lambda ctx, r: ctx.definitions.rule(r, False))
function("pg_get_ruledef(oid, bool) text", 2504, volatility="s", **_ctx)(lambda ctx, r, p: ctx.definitions.rule(r, p))
function("pg_get_triggerdef(oid) text", 1662, volatility="s", **_ctx)(lambda ctx, t: ctx.definitions.trigger(t, False))
function("pg_get_triggerdef(oid, bool) text", 2730, volatility="s", **_ctx)(lambda ctx, t, p: ctx.definitions.trigger(t, p))
function("pg_get_functiondef(oid) text", 2098, volatility="s", **_ctx)(lambda ctx, f: ctx.definitions.function(f))
function("pg_get_function_arguments(oid) text", 2162, volatility="s", **_ctx)(lambda ctx, f: ctx.definitions.function_arguments(f, False))
function("pg_get_function_identity_arguments(oid) text", 2232, volatility="s", **_ctx)(
    lambda ctx, f: ctx.definitions.function_arguments(f, True)
)
function("pg_get_function_result(oid) text", 2165, volatility="s", **_ctx)(lambda ctx, f: ctx.definitions.function_result(f))
function("pg_get_function_sqlbody(oid) text", 6197, volatility="s")(lambda f: None)
function("pg_get_function_arg_default(oid, int4) text", 3808, volatility="s")(lambda f, n: None)
function("pg_get_partkeydef(oid) text", 3352, volatility="s")(lambda r: None)
function("pg_get_partition_constraintdef(oid) text", 3408, volatility="s")(lambda r: None)
function("pg_get_statisticsobjdef(oid) text", 3415, volatility="s")(lambda s: None)
function("pg_get_statisticsobjdef_columns(oid) text", 6174, volatility="s")(lambda s: None)
function("pg_get_statisticsobjdef_expressions(oid) text[]", 6173, volatility="s")(lambda s: None)
function("pg_get_replica_identity_index(regclass) regclass", 6120, volatility="s")(lambda r: None)


@function("pg_get_serial_sequence(text, text) text", 1665, volatility="s", **_ctx)
def pg_get_serial_sequence(ctx, table: str, column: str) -> str | None:
    return ctx.definitions.serial_sequence(table, column)


@function("pg_get_userbyid(oid) name", 1642, volatility="s", **_ctx, not_null=True)
def pg_get_userbyid(ctx, oid: int) -> str:
    return (ctx.catalog.role_name(oid) if ctx.catalog else None) or f"unknown (OID={oid})"


# ---- comments -------------------------------------------------------------------------------------------------------

function("obj_description(oid, name) text", 1215, volatility="s", **_ctx)(lambda ctx, o, c: ctx.definitions.comment(o, c, 0))
function("obj_description(oid) text", 1348, volatility="s", **_ctx)(lambda ctx, o: ctx.definitions.comment(o, "", 0))
function("col_description(oid, int4) text", 1216, volatility="s", **_ctx)(lambda ctx, t, n: ctx.definitions.comment(t, "pg_class", n))
function("shobj_description(oid, name) text", 1993, volatility="s", **_ctx)(lambda ctx, o, c: ctx.definitions.comment(o, c, 0))

# ---- visibility -----------------------------------------------------------------------------------------------------


def _visible(kind: str):
    return lambda ctx, oid: ctx.definitions.is_visible(kind, oid)


function("pg_table_is_visible(oid) bool", 2079, volatility="s", **_ctx)(_visible("table"))
function("pg_type_is_visible(oid) bool", 2080, volatility="s", **_ctx)(_visible("type"))
function("pg_function_is_visible(oid) bool", 2081, volatility="s", **_ctx)(_visible("function"))
function("pg_operator_is_visible(oid) bool", 2082, volatility="s", **_ctx)(_visible("operator"))
function("pg_opclass_is_visible(oid) bool", 2083, volatility="s", **_ctx)(_visible("opclass"))
function("pg_opfamily_is_visible(oid) bool", 3829, volatility="s", **_ctx)(_visible("opfamily"))
function("pg_collation_is_visible(oid) bool", 3815, volatility="s", **_ctx)(_visible("collation"))
function("pg_conversion_is_visible(oid) bool", 2093, volatility="s", **_ctx)(_visible("conversion"))
function("pg_statistics_obj_is_visible(oid) bool", 3403, volatility="s", **_ctx)(_visible("statistics"))
function("pg_ts_config_is_visible(oid) bool", 3758, volatility="s", **_ctx)(_visible("ts_config"))
function("pg_ts_dict_is_visible(oid) bool", 3757, volatility="s", **_ctx)(_visible("ts_dict"))
function("pg_ts_parser_is_visible(oid) bool", 3756, volatility="s", **_ctx)(_visible("ts_parser"))
function("pg_ts_template_is_visible(oid) bool", 3768, volatility="s", **_ctx)(_visible("ts_template"))

# ---- names to OIDs --------------------------------------------------------------------------------------------------


def _regclass(ctx, name: str) -> int:
    return ctx.input(name, 2205)


function("regclass(text) regclass", 1079, volatility="s", **_ctx, not_null=True)(_regclass)


def _lookup(kind_oid: int):
    """The OID a name means, NULL when there is none; ill-formed names stay errors."""

    def find(ctx, name: str) -> int | None:
        try:
            return ctx.input(name, kind_oid)
        except DatabaseError as error:
            if error.sqlstate in ("42P01", "42704", "42883", "3F000", "42725"):
                return None
            raise

    return find


@function("to_regtype(text) regtype", 3493, volatility="s", **_ctx)
def to_regtype(ctx, name: str) -> int | None:
    try:
        return ctx.input(name, 2206)
    except DatabaseError as error:
        if error.sqlstate in ("42704", "3F000"):
            return None
        raise


function("to_regclass(text) regclass", 3495, volatility="s", **_ctx)(_lookup(2205))
function("to_regproc(text) regproc", 3494, volatility="s", **_ctx)(_lookup(24))
function("to_regprocedure(text) regprocedure", 3479, volatility="s", **_ctx)(_lookup(2202))
function("to_regoper(text) regoper", 3492, volatility="s", **_ctx)(_lookup(2203))
function("to_regoperator(text) regoperator", 3476, volatility="s", **_ctx)(_lookup(2204))
function("to_regnamespace(text) regnamespace", 4086, volatility="s", **_ctx)(_lookup(4089))
function("to_regrole(text) regrole", 4093, volatility="s", **_ctx)(_lookup(4096))
function("to_regcollation(text) regcollation", 4195, volatility="s", **_ctx)(_lookup(4191))

# ---- the rest -------------------------------------------------------------------------------------------------------

function("pg_relation_is_publishable(regclass) bool", 6121, volatility="s", **_ctx)(lambda ctx, r: _is_kind(ctx, r, "r"))
function("pg_relation_filenode(regclass) oid", 2999, volatility="s", **_ctx)(lambda ctx, r: _relation(ctx, r) and _relation(ctx, r).root or None)
function("pg_relation_filepath(regclass) text", 3034, volatility="s")(lambda r: None)
function("pg_filenode_relation(oid, oid) regclass", 3454, volatility="s")(lambda t, f: None)
function("pg_relation_is_updatable(regclass, bool) int4", 3842, volatility="s", **_ctx)(lambda ctx, r, t: 28 if _is_kind(ctx, r, "r") else 0)
function("pg_column_is_updatable(regclass, int2, bool) bool", 3843, volatility="s", **_ctx)(lambda ctx, r, c, t: _is_kind(ctx, r, "r"))
function("row_security_active(oid) bool", 3298, volatility="s", not_null=True)(lambda r: False)
function("row_security_active(text) bool", 3299, volatility="s", not_null=True)(lambda r: False)
function("pg_partition_root(regclass) regclass", 3424)(lambda r: None)
function("pg_partition_ancestors(partitionid regclass) setof (relid regclass)", 3425, volatility="v", rows=10)(lambda r: iter(()))
function("pg_partition_tree(rootrelid regclass) setof (relid regclass, parentrelid regclass, isleaf bool, level int4)", 3423, volatility="v",
         rows=1000)(lambda r: iter(()))  # fmt: skip
function("pg_collation_actual_version(oid) text", 3448, volatility="v")(lambda c: None)
function("pg_indexam_has_property(oid, text) bool", 636, volatility="s")(lambda am, p: _INDEXAM.get(p.lower()))
function("pg_index_has_property(regclass, text) bool", 637, volatility="s")(lambda i, p: _INDEX.get(p.lower()))

_INDEXAM = {"can_order": True, "can_unique": True, "can_multi_col": True, "can_exclude": True, "can_include": True}
_INDEX = {"clusterable": True, "index_scan": True, "bitmap_scan": True, "backward_scan": True}
_COLUMN = {"orderable": True, "distance_orderable": False, "returnable": True, "search_array": True, "search_nulls": True}


@function("pg_index_column_has_property(regclass, int4, text) bool", 638, volatility="s", **_ctx)
def pg_index_column_has_property(ctx, index: int, column: int, name: str) -> bool | None:
    found = ctx.catalog.index(index) if ctx.catalog else None
    if found is None or not 1 <= column <= len(found.columns):
        return None
    name = name.lower()
    options = found.options[column - 1] if column <= len(found.options) else 0
    answers = {
        "asc": not options & 1, "desc": bool(options & 1), "nulls_first": bool(options & 2), "nulls_last": not options & 2,
    }  # fmt: skip
    return answers.get(name, _COLUMN.get(name))


def _relation(ctx, oid: int):
    return ctx.catalog.relation(oid) if ctx.catalog else None


def _is_kind(ctx, oid: int, kinds: str) -> bool | None:
    found = _relation(ctx, oid)
    return None if found is None else found.kind in kinds and not found.is_catalog


@function("pg_options_to_table(options_array text[]) setof (option_name text, option_value text)", 2289, volatility="s", rows=3)
def pg_options_to_table(options: Array):
    for option in options.items:
        name, equals, value = option.partition("=")
        yield name, value if equals else None


@function(
    "pg_get_keywords() setof (word text, catcode char, barelabel bool, catdesc text, baredesc text)", 1686, volatility="s", rows=500
)
def pg_get_keywords():
    from aurorapy.types.identifiers import _KEYWORDS

    for word in sorted(_KEYWORDS):
        yield word, "R", True, "reserved", "can be bare label"


@function("pg_describe_object(oid, oid, int4) text", 3537, volatility="s", **_ctx)
def pg_describe_object(ctx, catalog: int, oid: int, column: int) -> str | None:
    found = _relation(ctx, oid) if catalog == 1259 else None
    if found is None:
        return None
    noun = KIND_NAMES.get(found.kind, "relation")
    if column:
        return f"column {found.columns[column - 1].name} of {noun} {found.name}"
    return f"{noun} {found.name}"


@function("pg_timezone_names() setof (name text, abbrev text, utc_offset interval, is_dst bool)", 2856, volatility="s", **_ctx, rows=1000)
def pg_timezone_names(ctx):
    import zoneinfo

    from aurorapy.types import timezones
    from aurorapy.types.values import Interval

    seconds = ctx.statement_us // 1_000_000 + timezones.UNIX_2000
    for name in sorted(zoneinfo.available_timezones()):
        zone = timezones.find(name)
        if zone is not None:
            offset, daylight, abbreviation = zone.at(seconds)
            yield name, abbreviation, Interval(0, 0, offset * 1_000_000), daylight


