"""The session and the server as SQL sees them: who, where, when started, settings, locks, other backends.

    current_setting('work_mem')      pg_typeof(1) → integer      pg_size_pretty(10240) → '10 kB'

Everything is asked of the `EvalContext`; `session_value` serves CURRENT_USER and the other words without brackets.

Errors: 42704 unrecognized configuration parameter; those of the context's parts.

Not here: objects of the catalog (`catalog_info`), privileges (`privileges`), clocks (`datetime_fields`).
"""

from __future__ import annotations

from decimal import Decimal

from aurorapy.errors import DataError, UndefinedObject
from aurorapy.expressions.registry import function, inline
from aurorapy.types.names import format_type
from aurorapy.types.values import Array

# ---- who and where --------------------------------------------------------------------------------------------------

function("current_user() name", 745, volatility="s", context=True, not_null=True)(lambda ctx: ctx.current_user)
function("session_user() name", 746, volatility="s", context=True, not_null=True)(lambda ctx: ctx.session_user)
function("current_database() name", 861, volatility="s", context=True, not_null=True)(lambda ctx: ctx.database)
function("version() text", 89, volatility="s", context=True, not_null=True)(lambda ctx: ctx.version)
function("pg_backend_pid() int4", 2026, volatility="s", context=True, not_null=True)(lambda ctx: ctx.pid)
function("pg_is_in_recovery() bool", 3810, volatility="v", context=True, not_null=True)(lambda ctx: ctx.in_recovery)
function("pg_postmaster_start_time() timestamptz", 2560, volatility="s", context=True, not_null=True)(lambda ctx: ctx.start_us)
function("pg_conf_load_time() timestamptz", 2034, volatility="s", context=True, not_null=True)(lambda ctx: ctx.config_us)
function("inet_server_port() int4", 2199, strict=False, volatility="s", context=True)(lambda ctx: ctx.server_address and ctx.server_address[1])
function("inet_client_port() int4", 2197, strict=False, volatility="s", context=True)(lambda ctx: ctx.client_address and ctx.client_address[1])
function("inet_server_addr() inet", 2198, strict=False, volatility="s", context=True)(lambda ctx: ctx.server_address and ctx.server_address[0])
function("inet_client_addr() inet", 2196, strict=False, volatility="s", context=True)(lambda ctx: ctx.client_address and ctx.client_address[0])
function("pg_my_temp_schema() oid", 2854, volatility="s", context=True, not_null=True)(lambda ctx: ctx.temp_schema)
function("pg_is_other_temp_schema(oid) bool", 2855, volatility="s", not_null=True)(lambda oid: False)
function("pg_jit_available() bool", 315, volatility="v", not_null=True)(lambda: False)
function("pg_trigger_depth() int4", 3163, volatility="s", not_null=True)(lambda: 0)
function("pg_is_wal_replay_paused() bool", 3073, volatility="v", not_null=True)(lambda: False)
function("pg_last_xact_replay_timestamp() timestamptz", 3830, volatility="v")(lambda: None)
function("pg_current_logfile() text", 3800, strict=False, volatility="v")(lambda: None)
function("pg_current_logfile(text) text", 3801, strict=False, volatility="v")(lambda kind: None)
function("pg_reload_conf() bool", 2621, volatility="v", not_null=True)(lambda: True)
function("pg_stat_clear_snapshot() void", 2230, strict=False, volatility="v", not_null=True)(lambda: "")


@function("current_query() text", 817, strict=False, volatility="v", context=True)
def current_query(ctx) -> str | None:
    return ctx.work.get("query")


@function("current_schema() name", 1402, volatility="s", context=True)
def current_schema(ctx) -> str | None:
    """The first schema of the search path that exists, implied ones aside."""
    for schema in _named_path(ctx):
        if ctx.catalog is None or ctx.catalog.schema_oid(schema) is not None:
            return schema
    return None


def _named_path(ctx) -> list[str]:
    if ctx.catalog is None:
        return ["public"]
    path = list(ctx.catalog.search_path())
    setting = ctx.get_setting("search_path") or ""
    if "pg_catalog" not in setting:
        path = [s for s in path if s != "pg_catalog"]
    return [s for s in path if not s.startswith("pg_temp")]


@function("current_schemas(bool) name[]", 1403, volatility="s", context=True, not_null=True)
def current_schemas(ctx, implicit: bool) -> Array:
    if ctx.catalog is None:
        return Array.of(["pg_catalog", "public"] if implicit else ["public"], 19)
    path = ctx.catalog.search_path() if implicit else _named_path(ctx)
    return Array.of([s for s in path if ctx.catalog.schema_oid(s) is not None], 19)


# ---- settings -------------------------------------------------------------------------------------------------------


@function("current_setting(text) text", 2077, volatility="s", context=True)
def current_setting(ctx, name: str) -> str | None:
    value = ctx.get_setting(name.lower())
    if value is None:
        raise UndefinedObject(f'unrecognized configuration parameter "{name}"')
    return value


@function("current_setting(text, bool) text", 3294, volatility="s", context=True)
def current_setting_missing(ctx, name: str, missing_ok: bool) -> str | None:
    value = ctx.get_setting(name.lower())
    return value if value is not None or missing_ok else current_setting(ctx, name)


@function("set_config(text, text, bool) text", 2078, strict=False, volatility="v", context=True)
def set_config(ctx, name: str | None, value: str | None, is_local: bool | None) -> str:
    if name is None:
        raise DataError("SET requires parameter name", sqlstate="22004")
    return ctx.set_setting(name.lower(), value, bool(is_local))


# ---- types ----------------------------------------------------------------------------------------------------------


@function("pg_typeof(any) regtype", 1619, strict=False, volatility="s", types=True, not_null=True)
def pg_typeof(types, value) -> int:
    return types.args[0]


@function("format_type(oid, int4) text", 1081, strict=False, volatility="s", context=True)
def format_type_name(ctx, oid: int | None, typmod: int | None) -> str | None:
    return None if oid is None else format_type(oid, typmod, ctx.type_context.catalog or ctx.catalog)


@function("pg_column_size(any) int4", 1269, volatility="s", types=True, context=True)
def pg_column_size(ctx, types, value) -> int | None:
    """Bytes a value takes, as far as that can be told without a table."""
    if value is None:
        return None
    fixed = ctx.type_of(types.args[0]).length
    if fixed > 0:
        return fixed
    if isinstance(value, (bytes, str)):
        size = len(value.encode() if isinstance(value, str) else value)
        return size + (1 if size < 127 else 4)
    return len(ctx.type_of(types.args[0]).send(value, ctx.type_context)) + 4


function("pg_column_compression(any) text", 2121, volatility="s")(lambda value: None)


@function("pg_collation_for(any) text", 3162, strict=False, volatility="s", types=True)
def pg_collation_for(types, value) -> str | None:
    return '"default"' if types.args[0] in (25, 1042, 1043) else '"C"' if types.args[0] == 19 else None


@function("num_nulls(variadic any) int4", 438, strict=False, not_null=True)
def num_nulls(*args) -> int:
    return sum(1 for a in args if a is None)


@function("num_nonnulls(variadic any) int4", 440, strict=False, not_null=True)
def num_nonnulls(*args) -> int:
    return sum(1 for a in args if a is not None)


# ---- sizes ----------------------------------------------------------------------------------------------------------

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@function("pg_size_pretty(int8) text", 2288, not_null=True)
def pg_size_pretty(size: int) -> str:
    limit, shift = 10 * 1024, 0
    if abs(size) < limit:
        return f"{size} bytes"
    # from here on half units are kept for rounding
    for unit in _UNITS[1:]:
        shift += 9 if not shift else 10
        halves = size >> shift if size >= 0 else -(-size >> shift)
        if abs(halves) < 20 * 1024 - 1 or unit == _UNITS[-1]:
            whole = (abs(halves) + 1) // 2
            return f"{whole if size >= 0 else -whole} {unit}"
    raise AssertionError


@function("pg_size_pretty(numeric) text", 3166, not_null=True)
def pg_size_pretty_numeric(size: Decimal) -> str:
    if abs(size) < 10 * 1024:
        return f"{format(size, 'f')} bytes"
    return pg_size_pretty(int(size))


@function("pg_size_bytes(text) int8", 3334, not_null=True)
def pg_size_bytes(text: str) -> int:
    import re

    match = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S.*?)?\s*", text)
    if match is None:
        raise DataError(f'invalid size: "{text}"', sqlstate="22023")
    powers = {"": 0, "bytes": 0, "b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4, "pb": 5}
    power = powers.get((match[2] or "").lower())
    if power is None:
        raise DataError(
            f'invalid size: "{text}"', sqlstate="22023", detail=f'Invalid size unit: "{match[2]}".',
            hint='Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".',
        )  # fmt: skip
    from aurorapy.expressions.functions.numerics import to_integer

    return to_integer(Decimal(match[1]) * 1024**power, 8)


def _relation_size(what: str):
    return lambda ctx, oid: ctx.definitions.relation_size(oid, what)


function("pg_relation_size(regclass) int8", 2325, volatility="v", context=True)(_relation_size("main"))
function("pg_table_size(regclass) int8", 2997, volatility="v", context=True)(_relation_size("table"))
function("pg_indexes_size(regclass) int8", 2998, volatility="v", context=True)(_relation_size("indexes"))
function("pg_total_relation_size(regclass) int8", 2286, volatility="v", context=True)(_relation_size("total"))


@function("pg_relation_size(regclass, text) int8", 2332, volatility="v", context=True)
def pg_relation_size(ctx, oid: int, fork: str) -> int | None:
    if fork not in ("main", "fsm", "vm", "init"):
        raise DataError("invalid fork name", sqlstate="22023", hint='Valid fork names are "main", "fsm", "vm", and "init".')
    return ctx.definitions.relation_size(oid, fork)


function("pg_database_size(oid) int8", 2324, volatility="v", context=True)(lambda ctx, oid: ctx.definitions.database_size(oid))
function("pg_database_size(name) int8", 2168, volatility="v", context=True)(lambda ctx, name: ctx.definitions.database_size(name))
function("pg_tablespace_size(oid) int8", 2322, volatility="v", context=True)(lambda ctx, oid: ctx.definitions.tablespace_size(oid))
function("pg_tablespace_size(name) int8", 2323, volatility="v", context=True)(lambda ctx, name: ctx.definitions.tablespace_size(name))
function("pg_tablespace_location(oid) text", 3778, volatility="s", not_null=True)(lambda oid: "")

# ---- waiting, locks, other backends ---------------------------------------------------------------------------------


@function("pg_sleep(float8) void", 2626, volatility="v", context=True, not_null=True)
def pg_sleep(ctx, seconds: float) -> str:
    if seconds > 0:
        ctx.sleep(seconds)
    return ""


@function("pg_sleep_for(interval) void", 3935, volatility="v", context=True, not_null=True)
def pg_sleep_for(ctx, span) -> str:
    return pg_sleep(ctx, span.span / 1e6)


@function("pg_sleep_until(timestamptz) void", 3936, volatility="v", context=True, not_null=True)
def pg_sleep_until(ctx, instant: int) -> str:
    return pg_sleep(ctx, (instant - ctx.wall_us()) / 1e6)


def _key(args: tuple[int, ...]) -> tuple:
    return ("advisory", *args) if len(args) == 1 else ("advisory2", *args)


def _locker(shared: bool, transaction: bool):
    def lock(ctx, *key: int) -> str:
        ctx.advisory.lock(_key(key), shared, transaction)
        return ""

    return lock


def _trier(shared: bool, transaction: bool):
    return lambda ctx, *key: ctx.advisory.try_lock(_key(key), shared, transaction)


def _unlocker(shared: bool):
    return lambda ctx, *key: ctx.advisory.unlock(_key(key), shared)


_lock = dict(context=True, not_null=True)
function("pg_advisory_lock(int8) void", 2880, volatility="v", **_lock)(_locker(False, False))
function("pg_advisory_lock(int4, int4) void", 2886, volatility="v", **_lock)(_locker(False, False))
function("pg_advisory_lock_shared(int8) void", 2881, volatility="v", **_lock)(_locker(True, False))
function("pg_advisory_lock_shared(int4, int4) void", 2887, volatility="v", **_lock)(_locker(True, False))
function("pg_advisory_xact_lock(int8) void", 3089, volatility="v", **_lock)(_locker(False, True))
function("pg_advisory_xact_lock(int4, int4) void", 3093, volatility="v", **_lock)(_locker(False, True))
function("pg_advisory_xact_lock_shared(int8) void", 3090, volatility="v", **_lock)(_locker(True, True))
function("pg_advisory_xact_lock_shared(int4, int4) void", 3094, volatility="v", **_lock)(_locker(True, True))
function("pg_try_advisory_lock(int8) bool", 2882, volatility="v", **_lock)(_trier(False, False))
function("pg_try_advisory_lock(int4, int4) bool", 2888, volatility="v", **_lock)(_trier(False, False))
function("pg_try_advisory_lock_shared(int8) bool", 2883, volatility="v", **_lock)(_trier(True, False))
function("pg_try_advisory_lock_shared(int4, int4) bool", 2889, volatility="v", **_lock)(_trier(True, False))
function("pg_try_advisory_xact_lock(int8) bool", 3091, volatility="v", **_lock)(_trier(False, True))
function("pg_try_advisory_xact_lock(int4, int4) bool", 3095, volatility="v", **_lock)(_trier(False, True))
function("pg_try_advisory_xact_lock_shared(int8) bool", 3092, volatility="v", **_lock)(_trier(True, True))
function("pg_try_advisory_xact_lock_shared(int4, int4) bool", 3096, volatility="v", **_lock)(_trier(True, True))
function("pg_advisory_unlock(int8) bool", 2884, volatility="v", **_lock)(_unlocker(False))
function("pg_advisory_unlock(int4, int4) bool", 2890, volatility="v", **_lock)(_unlocker(False))
function("pg_advisory_unlock_shared(int8) bool", 2885, volatility="v", **_lock)(_unlocker(True))
function("pg_advisory_unlock_shared(int4, int4) bool", 2891, volatility="v", **_lock)(_unlocker(True))


@function("pg_advisory_unlock_all() void", 2892, volatility="v", context=True, not_null=True)
def pg_advisory_unlock_all(ctx) -> str:
    ctx.advisory.unlock_all()
    return ""


function("pg_cancel_backend(int4) bool", 2171, volatility="v", context=True, not_null=True)(lambda ctx, pid: ctx.backends.cancel(pid))


@function("pg_terminate_backend(pid int4, timeout int8 = 0) bool", 2096, volatility="v", context=True, not_null=True)
def pg_terminate_backend(ctx, pid: int, timeout: int = 0) -> bool:
    return ctx.backends.terminate(pid)


@function("pg_blocking_pids(int4) int4[]", 2561, volatility="v", context=True, not_null=True)
def pg_blocking_pids(ctx, pid: int) -> Array:
    return Array.of(ctx.backends.blocking(pid), 23)


function("pg_safe_snapshot_blocking_pids(int4) int4[]", 3376, volatility="v", not_null=True)(lambda pid: Array.of((), 23))


@function("pg_isolation_test_session_is_blocked(int4, int4[]) bool", 3378, volatility="v", context=True, not_null=True)
def session_is_blocked(ctx, pid: int, others: Array) -> bool:
    return any(p in others.items for p in ctx.backends.blocking(pid))


@function("pg_notify(text, text) void", 3036, strict=False, volatility="v", context=True, not_null=True)
def pg_notify(ctx, channel: str | None, payload: str | None) -> str:
    ctx.backends.notify(channel or "", payload or "")
    return ""


@function("pg_listening_channels() setof text", 3035, volatility="s", context=True, rows=10)
def pg_listening_channels(ctx):
    return iter(ctx.backends.listening())


# ---- transactions and positions in the log --------------------------------------------------------------------------

_xid = dict(context=True)
function("txid_current() int8", 2943, volatility="s", **_xid, not_null=True)(lambda ctx: ctx.xid(True))
function("pg_current_xact_id() xid8", 5059, volatility="s", **_xid, not_null=True)(lambda ctx: ctx.xid(True))
function("txid_current_if_assigned() int8", 3348, volatility="s", **_xid)(lambda ctx: ctx.xid(False))
function("pg_current_xact_id_if_assigned() xid8", 5060, volatility="s", **_xid)(lambda ctx: ctx.xid(False))
function("pg_current_wal_lsn() pg_lsn", 2849, volatility="v", **_xid, not_null=True)(lambda ctx: ctx.current_lsn())
function("pg_current_wal_insert_lsn() pg_lsn", 2852, volatility="v", **_xid, not_null=True)(lambda ctx: ctx.current_lsn())
function("pg_current_wal_flush_lsn() pg_lsn", 3330, volatility="v", **_xid, not_null=True)(lambda ctx: ctx.current_lsn())
function("pg_last_wal_receive_lsn() pg_lsn", 3820, volatility="v", **_xid)(lambda ctx: ctx.current_lsn() if ctx.in_recovery else None)
function("pg_last_wal_replay_lsn() pg_lsn", 3821, volatility="v", **_xid)(lambda ctx: ctx.current_lsn() if ctx.in_recovery else None)
function("pg_export_snapshot() text", 3809, volatility="v", **_xid)(lambda ctx: ctx.snapshot_text())
inline("xid(xid8) xid", 5071, "{0} & 4294967295")

# ---- encodings ------------------------------------------------------------------------------------------------------

ENCODINGS = (
    "SQL_ASCII EUC_JP EUC_CN EUC_KR EUC_TW EUC_JIS_2004 UTF8 MULE_INTERNAL LATIN1 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 "
    "LATIN7 LATIN8 LATIN9 LATIN10 WIN1256 WIN1258 WIN866 WIN874 KOI8R WIN1251 WIN1252 ISO_8859_5 ISO_8859_6 ISO_8859_7 "
    "ISO_8859_8 WIN1250 WIN1253 WIN1254 WIN1255 WIN1257 KOI8U SJIS BIG5 GBK UHC GB18030 JOHAB SHIFT_JIS_2004"
).split()


@function("pg_encoding_to_char(int4) name", 1597, volatility="s", not_null=True)
def pg_encoding_to_char(code: int) -> str:
    return ENCODINGS[code] if 0 <= code < len(ENCODINGS) else ""


@function("pg_char_to_encoding(name) int4", 1264, volatility="s", not_null=True)
def pg_char_to_encoding(name: str) -> int:
    plain = "".join(c for c in name.upper() if c.isalnum())
    plain = {"UNICODE": "UTF8", "ISO88591": "LATIN1", "SQLASCII": "SQLASCII"}.get(plain, plain)
    folded = ["".join(c for c in e if c.isalnum()) for e in ENCODINGS]
    return folded.index(plain) if plain in folded else -1


function("getdatabaseencoding() name", 1039, volatility="s", not_null=True)(lambda: "UTF8")
function("pg_client_encoding() name", 810, volatility="s", context=True)(lambda ctx: ctx.get_setting("client_encoding") or "UTF8")
inline("pg_encoding_max_length(int4) int4", 2319, "4 if {0} == 6 else 1")
