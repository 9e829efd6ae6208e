"""Aurora's statistics functions, in its signatures: waits, statements, commits, sessions, files; and the list of them all.

    SELECT * FROM aurora_wait_report(5)                       what was waited for in the next five seconds
    SELECT type_name, event_name, waits FROM aurora_stat_system_waits() NATURAL JOIN aurora_stat_wait_event()
        NATURAL JOIN aurora_stat_wait_type()
    SELECT "Name", "Argument data types" FROM aurora_list_builtins()

Every figure is one that was counted. What this server does not have says so: 0A000 for memory and processors by session,
which all live in one process, for clones and global databases; 55000, as PostgreSQL, for pg_stat_statements, which is not
there. There are no logical slots and no cache of optimized reads, so those have no rows, and size 0.

Not here: where the figures come from (`session.aurora_views`).
"""

from __future__ import annotations

from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.expressions import registry
from aurorapy.expressions.registry import function
from aurorapy.types.builtin import TYPES

_FIRST_OID = 9120
_ACTIVITY = (
    "datid oid, datname name, pid int4, leader_pid int4, usesysid oid, usename name, application_name text, client_addr text, "
    "client_hostname text, client_port int4, backend_start timestamptz, xact_start timestamptz, query_start timestamptz, "
    "state_change timestamptz, wait_event_type text, wait_event text, state text, backend_xid xid, backend_xmin xid, "
    "query_id int8, query text, backend_type text, plan_id int8"
)
_DATABASE = (
    "datid oid, datname name, numbackends int4, xact_commit int8, xact_rollback int8, blks_read int8, blks_hit int8, "
    "tup_returned int8, tup_fetched int8, tup_inserted int8, tup_updated int8, tup_deleted int8, conflicts int8, "
    "temp_files int8, temp_bytes int8, deadlocks int8, checksum_failures int8, checksum_last_failure timestamptz, "
    "blk_read_time float8, blk_write_time float8, session_time float8, active_time float8, idle_in_transaction_time float8, "
    "sessions int8, sessions_abandoned int8, sessions_fatal int8, sessions_killed int8, stats_reset timestamptz, "
    "storage_blks_read int8, orcache_blks_hit int8, local_blks_read int8, storage_blk_read_time float8, "
    "local_blk_read_time float8, orcache_blk_read_time float8"
)
_BGWRITER = (
    "checkpoints_timed int8, checkpoints_req int8, checkpoint_write_time float8, checkpoint_sync_time float8, "
    "buffers_checkpoint int8, buffers_clean int8, maxwritten_clean int8, buffers_backend int8, buffers_backend_fsync int8, "
    "buffers_alloc int8, stats_reset timestamptz, orcache_blks_written int8, orcache_blk_write_time float8"
)
_WAITS = "type_id int2, event_id int4, waits int8, wait_time int8"
_DML = ", ".join(f"{kind}_count int8, {kind}_latency_microsecs int8" for kind in ("select", "insert", "update", "delete"))
_CCM = (
    "buffers_sent_last_minute int8, buffers_found_last_minute int8, buffers_sent_last_scan int8, buffers_found_last_scan int8, "
    "buffers_sent_current_scan int8, buffers_found_current_scan int8, current_scan_progress int8"
)
_REPORT = (
    "type_name text, event_name text, waits int8, wait_time numeric, ms_per_wait numeric, waits_per_xact numeric, "
    "ms_per_xact numeric"
)

# what is asked of the session: (method of session.aurora_views.AuroraViews, signature)
_ASKED = (
    ("identifier", "aurora_db_instance_identifier() varchar"),
    ("wait_types", "aurora_stat_wait_type() setof (type_id int2, type_name text)"),
    ("wait_events", "aurora_stat_wait_event() setof (type_id int2, event_id int4, event_name text)"),
    ("system_waits", f"aurora_stat_system_waits() setof ({_WAITS})"),
    ("backend_waits", f"aurora_stat_backend_waits(pid int4) setof ({_WAITS})"),
    ("wait_report", f"aurora_wait_report(delay int4 = 10) setof ({_REPORT})"),
    ("dml_activity", f"aurora_stat_dml_activity(database_oid oid) ({_DML})"),
    ("commit_latency", "aurora_stat_get_db_commit_latency(database_oid oid) int8"),
    ("sessions", f"aurora_stat_activity() setof ({_ACTIVITY})"),
    ("databases", f"aurora_stat_database() setof ({_DATABASE})"),
    ("files", "aurora_stat_file() setof (filename text, allocated_bytes int8, used_bytes int8)"),
    ("cache_sharing", f"aurora_ccm_status() setof ({_CCM})"),
    ("fail_replica", "aurora_inject_replica_failure(percentage_of_failure float8, quantity int4, replica_name text) void"),
)


def _ask(name: str):
    return lambda ctx, *arguments: getattr(ctx.activity.aurora, name)(*arguments)


for _number, (_name, _signature) in enumerate(_ASKED):
    function(_signature, _FIRST_OID + _number, context=True, volatility="v", rows=10)(_ask(_name))

function(f"aurora_stat_bgwriter() setof ({_BGWRITER})", _FIRST_OID + 20, volatility="v", rows=1)(
    lambda: iter([(0, 0, 0.0, 0.0, 0, 0, 0, 0, 0, 0, None, 0, 0.0)])  # no page is ever written back
)
function("aurora_stat_optimized_reads_cache() setof (total_size int8, used_size int8)", _FIRST_OID + 21, volatility="v", rows=1)(
    lambda: iter([(0, 0)])
)
function(
    "aurora_stat_logical_wal_cache() setof (name text, active_pid int4, cache_hit int8, cache_miss int8, blks_read int8, "
    "hit_rate float8, last_reset_timestamp timestamptz)", _FIRST_OID + 22, volatility="v", rows=1,
)(lambda: iter(()))  # fmt: skip


@function("aurora_stat_reset_wal_cache(slot_name text) text", _FIRST_OID + 23, volatility="v", strict=False)
def _reset_wal_cache(slot):
    if slot is not None:
        raise DatabaseError(f'replication slot "{slot}" does not exist', sqlstate="42704")
    return ""


# -- what is not there ---------------------------------------------------------------------------------------------------

_ABSENT = (
    ("aurora_stat_memctx_usage() setof (pid int4, name text, allocated int8, used int8, instances int8)",
     "All sessions share one process; its memory is process_resident_memory_bytes of the metrics."),
    ("aurora_stat_resource_usage() setof (pid int4, allocated_memory int8, used_memory int8, cpu_usage_percent float8)",
     "All sessions share one process; its figures are in the metrics."),
    ("aurora_volume_logical_start_lsn() pg_lsn", "There are no clones of volumes."),
    ("aurora_global_db_status() setof (aws_region text, highest_lsn_written pg_lsn, durability_lag_in_msec float8, "
     "rpo_lag_in_msec float8, last_lag_calculation_time timestamptz, feedback_epoch int8, feedback_xmin int8)",
     "There are no global databases."),
    ("aurora_global_db_instance_status() setof (server_id text, session_id text, aws_region text, durable_lsn pg_lsn, "
     "highest_lsn_rcvd pg_lsn, feedback_epoch int8, feedback_xmin int8, oldest_read_view_lsn pg_lsn, "
     "visibility_lag_in_msec float8)", "There are no global databases."),
)  # fmt: skip


def _absent(name: str, hint: str):
    def refuse(*arguments):
        raise FeatureNotSupported(f"{name}() is not supported", hint=hint)

    return refuse


for _number, (_signature, _hint) in enumerate(_ABSENT):
    function(_signature, _FIRST_OID + 30 + _number, volatility="v", rows=1)(_absent(_signature.partition("(")[0], _hint))

_STATEMENTS = "userid oid, dbid oid, queryid int8, query text, calls int8, total_exec_time float8, rows int8"


def _no_statements(*arguments):
    raise DatabaseError('pg_stat_statements must be loaded via "shared_preload_libraries"', sqlstate="55000")


for _number, _name in enumerate(("aurora_stat_statements", "aurora_stat_plans")):
    function(f"{_name}(showtext bool) setof ({_STATEMENTS})", _FIRST_OID + 40 + _number, volatility="v", rows=1)(_no_statements)


# -- all of them ---------------------------------------------------------------------------------------------------------

_VOLATILITY = {"i": "immutable", "s": "stable", "v": "volatile"}
_DESCRIPTIONS = {
    "aurora_version": "Amazon Aurora PostgreSQL-Compatible Edition version string",
    "aurora_db_instance_identifier": "Name of the instance that is connected to",
    "aurora_list_builtins": "Lists all Aurora built-in functions",
    "aurora_stat_wait_type": "Lists all supported wait types",
    "aurora_stat_wait_event": "Lists all supported wait events",
    "aurora_stat_system_waits": "Waits of this instance since it started",
    "aurora_stat_backend_waits": "Waits of one session since it began",
    "aurora_wait_report": "Waits of this instance over some seconds",
    "aurora_stat_dml_activity": "Statements of a database and the time they took",
    "aurora_stat_get_db_commit_latency": "Time that commits of a database took, in microseconds",
    "aurora_stat_activity": "pg_stat_activity with plan identifiers",
    "aurora_stat_database": "pg_stat_database with reads from storage",
    "aurora_stat_bgwriter": "pg_stat_bgwriter with writes to the optimized reads cache",
    "aurora_stat_file": "Files of this instance beside the volume",
    "aurora_ccm_status": "Cluster cache management: what the tier-0 reader was told to keep",
    "aurora_replica_status": "Status of the instances of the cluster",
    "aurora_show_volume_status": "Protection groups and storage nodes of the volume",
    "aurora_inject_crash": "Crashes the instance, its way to storage, or both",
    "aurora_inject_replica_failure": "Drops a share of what replicas are sent, for some seconds",
    "aurora_inject_disk_failure": "Lets copies of storage fail for some seconds",
    "aurora_inject_disk_congestion": "Makes copies of storage slow for some seconds",
}


@function(
    "aurora_list_builtins() setof (Name text, Result_data_type text, Argument_data_types text, Type text, Volatility text, "
    "Parallel text, Security text, Description text)",
    _FIRST_OID + 50, volatility="s", rows=40,
)  # fmt: skip
def _list_builtins():
    for name, overloads in sorted(registry.FUNCTIONS_BY_NAME.items()):
        if name.startswith("aurora_"):
            for each in overloads:
                yield (name, _result(each), _arguments(each), "func", _VOLATILITY[each.volatility],
                       "safe" if each.volatility != "v" else "restricted", "invoker", _DESCRIPTIONS.get(name, ""))  # fmt: skip


_builtins = registry.FUNCTIONS_BY_NAME["aurora_list_builtins"][0]
_builtins.out_names = tuple(name.replace("_", " ") for name in _builtins.out_names)  # a signature has words, not names


def _result(each) -> str:
    return f"SETOF {_type(each.ret_oid)}" if each.returns_set else _type(each.ret_oid)


def _arguments(each) -> str:
    names = each.arg_names or ("",) * len(each.arg_oids)
    given = [f"{name} {_type(oid)}".strip() for name, oid in zip(names, each.arg_oids)]
    for at, value in enumerate(each.default_values, len(given) - len(each.default_values)):
        given[at] += f" DEFAULT {value}"
    outs = [f'OUT {_quoted(name)} {_type(oid)}' for name, oid in zip(each.out_names, each.out_oids)]
    return ", ".join(given + outs)


def _type(oid: int) -> str:
    found = TYPES.get(oid)
    return (found.sql_name or found.name) if found is not None else {2249: "record", 2278: "void"}[oid]


def _quoted(name: str) -> str:
    return name if name == name.lower() and " " not in name else f'"{name}"'
