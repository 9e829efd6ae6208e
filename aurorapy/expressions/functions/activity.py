"""What the server does and holds, as functions: the rows below pg_stat_activity, pg_locks, pg_settings, pg_cursors …

    SELECT pid, state FROM pg_stat_get_activity(NULL)      pg_stat_get_numscans('t'::regclass) → 12

Everything is asked of `EvalContext.activity` (the session's); without one the server does nothing and holds nothing. So
are the functions that take access control lists apart.

Errors: none. Not here: the views over these functions (catalog/data/views.sql).
"""

from __future__ import annotations

from aurorapy.catalog import privileges
from aurorapy.expressions.registry import function
from aurorapy.types.values import Array

_LETTERS = {letter: word for word, letter in privileges.LETTERS.items() if word != "TEMP"}


def _rows(name: str):
    """A set of rows the session knows."""
    return lambda ctx: getattr(ctx.activity, name)() if ctx.activity is not None else iter(())


_SETS = (
    ("settings", 2084, "s", "pg_show_all_settings() setof (name text, setting text, unit text, category text, "
     "short_desc text, extra_desc text, context text, vartype text, source text, min_val text, max_val text, "
     "enumvals text[], boot_val text, reset_val text, sourcefile text, sourceline int4, pending_restart bool)"),
    ("locks", 1371, "v", "pg_lock_status() setof (locktype text, database oid, relation oid, page int4, tuple int2, "
     "virtualxid text, transactionid xid, classid oid, objid oid, objsubid int2, virtualtransaction text, pid int4, "
     "mode text, granted bool, fastpath bool, waitstart timestamptz)"),
    ("prepared_statements", 2510, "s", "pg_prepared_statement() setof (name text, statement text, prepare_time timestamptz, "
     "parameter_types regtype[], from_sql bool, generic_plans int8, custom_plans int8)"),
    ("cursors", 2511, "s", "pg_cursor() setof (name text, statement text, is_holdable bool, is_binary bool, "
     "is_scrollable bool, creation_time timestamptz)"),
)  # fmt: skip
for _name, _oid, _volatility, _signature in _SETS:
    function(_signature, _oid, context=True, volatility=_volatility, rows=1000)(_rows(_name))

_NONE = (
    ("pg_prepared_xact() setof (transaction xid, gid text, prepared timestamptz, ownerid oid, dbid oid)", 1065),
    ("pg_available_extensions() setof (name name, default_version text, comment text)", 3082),
    ("pg_available_extension_versions() setof (name name, version text, superuser bool, trusted bool, relocatable bool, "
     "schema name, requires name[], comment text)", 3083),
    ("pg_show_all_file_settings() setof (sourcefile text, sourceline int4, seqno int4, name text, setting text, "
     "applied bool, error text)", 3329),
    ("pg_stat_get_wal_senders() setof (pid int4, state text, sent_lsn pg_lsn, write_lsn pg_lsn, flush_lsn pg_lsn, "
     "replay_lsn pg_lsn, write_lag interval, flush_lag interval, replay_lag interval, sync_priority int4, "
     "sync_state text, reply_time timestamptz)", 3099),
    ("pg_get_replication_slots() setof (slot_name name, plugin name, slot_type text, datoid oid, temporary bool, "
     "active bool, active_pid int4, xmin xid, catalog_xmin xid, restart_lsn pg_lsn, confirmed_flush_lsn pg_lsn, "
     "wal_status text, safe_wal_size int8, two_phase bool)", 3781),
)  # fmt: skip
for _signature, _oid in _NONE:
    function(_signature, _oid, volatility="v", rows=10)(lambda: iter(()))


@function(
    "pg_stat_get_activity(pid int4) setof (datid oid, pid int4, usesysid oid, application_name text, state text, query text, "
    "wait_event_type text, wait_event text, xact_start timestamptz, query_start timestamptz, backend_start timestamptz, "
    "state_change timestamptz, client_addr text, client_hostname text, client_port int4, backend_xid xid, backend_xmin xid, "
    "backend_type text, ssl bool, sslversion text, sslcipher text, sslbits int4, ssl_client_dn text, "
    "ssl_client_serial numeric, ssl_issuer_dn text, gss_auth bool, gss_princ text, gss_enc bool, leader_pid int4, "
    "query_id int8)",
    2022, context=True, strict=False, volatility="s", rows=100,
)  # fmt: skip
def pg_stat_get_activity(ctx, pid: int | None):
    """Every session, or the one of that pid."""
    if ctx.activity is not None:
        for row in ctx.activity.sessions():
            if pid is None or row[1] == pid:
                yield row


@function("pg_timezone_abbrevs() setof (abbrev text, utc_offset interval, is_dst bool)", 2599, volatility="s", rows=200)
def pg_timezone_abbrevs():
    from aurorapy.types.values import Interval
    from aurorapy.types.zone_abbreviations import FIXED

    for name, (seconds, daylight) in sorted(FIXED.items()):
        yield name.upper(), Interval(0, 0, seconds * 1_000_000), daylight


# ---- counters -------------------------------------------------------------------------------------------------------

_TABLE_COUNTERS = """
seq_scan numscans 1928 | seq_tup_read tuples_returned 1929 | idx_tup_fetch tuples_fetched 1930
n_tup_ins tuples_inserted 1931 | n_tup_upd tuples_updated 1932 | n_tup_del tuples_deleted 1933
n_tup_hot_upd tuples_hot_updated 1972 | n_live_tup live_tuples 2878 | n_dead_tup dead_tuples 2879
n_mod_since_analyze mod_since_analyze 3177 | n_ins_since_vacuum ins_since_vacuum 5053 | blks_fetched blocks_fetched 1934
blks_hit blocks_hit 1935 | vacuum_count vacuum_count 3054 | autovacuum_count autovacuum_count 3055
analyze_count analyze_count 3056 | autoanalyze_count autoanalyze_count 3057
"""
_TABLE_TIMES = (
    ("last_vacuum", 2781), ("last_autovacuum", 2782), ("last_analyze", 2783), ("last_autoanalyze", 2784),
)  # fmt: skip
_DATABASE_COUNTERS = """
commits xact_commit 1942 | rollbacks xact_rollback 1943 | blks_fetched blocks_fetched 1944 | blks_hit blocks_hit 1945
rows_returned tuples_returned 2758 | rows_fetched tuples_fetched 2759 | rows_inserted tuples_inserted 2760
rows_updated tuples_updated 2761 | rows_deleted tuples_deleted 2762 | conflicts conflict_all 3070
temp_files temp_files 3150 | temp_bytes temp_bytes 3151 | deadlocks deadlocks 3152 | sessions sessions 6188
sessions_abandoned sessions_abandoned 6189 | sessions_fatal sessions_fatal 6190 | sessions_killed sessions_killed 6191
"""


def _table_counter(name: str):
    return lambda ctx, oid: ctx.activity.table_counter(oid, name) if ctx.activity is not None else 0


def _database_counter(name: str):
    return lambda ctx, oid: ctx.activity.database_counter(oid, name) if ctx.activity is not None else 0


for _entry in _TABLE_COUNTERS.replace("\n", "|").split("|"):
    if _entry.strip():
        _name, _function, _oid = _entry.split()
        function(f"pg_stat_get_{_function}(oid) int8", int(_oid), context=True, volatility="s")(_table_counter(_name))
for _name, _oid in _TABLE_TIMES:
    function(f"pg_stat_get_{_name}_time(oid) timestamptz", _oid, context=True, volatility="s")(_table_counter(_name))
for _entry in _DATABASE_COUNTERS.replace("\n", "|").split("|"):
    if _entry.strip():
        _name, _function, _oid = _entry.split()
        function(f"pg_stat_get_db_{_function}(oid) int8", int(_oid), context=True, volatility="s")(_database_counter(_name))
function("pg_stat_get_db_numbackends(oid) int4", 1941, context=True, volatility="s")(_database_counter("backends"))
function("pg_stat_get_db_stat_reset_time(oid) timestamptz", 3074, volatility="s")(lambda oid: None)

# ---- sequences and access control lists -----------------------------------------------------------------------------


@function("pg_sequence_last_value(regclass) int8", 4032, context=True, volatility="v")
def pg_sequence_last_value(ctx, oid: int) -> int | None:
    return ctx.activity.sequence_last_value(oid) if ctx.activity is not None else None


@function(
    "pg_sequence_parameters(sequence_oid oid) (start_value int8, minimum_value int8, maximum_value int8, increment int8, "
    "cycle_option bool, cache_size int8, data_type oid)",
    3078, context=True, volatility="s",
)  # fmt: skip
def pg_sequence_parameters(ctx, oid: int) -> tuple | None:
    row = ctx.catalog.reader().one("pg_sequence", seqrelid=oid)
    if row is None:
        return None
    return (row.seqstart, row.seqmin, row.seqmax, row.seqincrement, row.seqcycle, row.seqcache, row.seqtypid)


@function(
    "aclexplode(acl aclitem[]) setof (grantor oid, grantee oid, privilege_type text, is_grantable bool)",
    1689, context=True, volatility="s", rows=10,
)  # fmt: skip
def aclexplode(ctx, acl: Array):
    for text in acl.items:
        item = privileges.read_item(text)
        grantee = ctx.catalog.role_oid(item.role) if item.role else 0
        grantor = ctx.catalog.role_oid(item.grantor) or 0
        for letter in item.held:
            yield grantor, grantee or 0, _LETTERS[letter], letter in item.grantable


_DEFAULT_KINDS = {"r": "table", "s": "sequence", "d": "database", "f": "function", "l": "language", "n": "schema",
                  "t": "tablespace", "T": "type", "c": "column"}  # fmt: skip


@function("acldefault(char, oid) aclitem[]", 3943, context=True, volatility="s")
def acldefault(ctx, kind: str, owner: int) -> Array:
    name = _DEFAULT_KINDS.get(kind, "column")
    if name == "column":
        return privileges.write_acl([])
    return privileges.write_acl(privileges.read_acl(None, name, ctx.catalog.role_name(owner) or ""))
