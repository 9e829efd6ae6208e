"""Every setting: its name, kind, default and limits, the same for SET/SHOW, the command line and the TOML file.

    SETTINGS["work_mem"].parse("64MB")  → 65536        (in its unit, kB)
    SETTINGS["work_mem"].show(65536)    → "64MB"

A configuration file is TOML with those names at its top level:

    port = 5433
    work_mem = "64MB"
    log_min_duration_statement = "250ms"

Errors carry PostgreSQL's wording: 22023 for a bad value, 42704 for an unknown name, 55P02 for one that cannot change now.

Not here: who may set what when, SET LOCAL and rollback (`session.settings`).
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from aurorapy.errors import DataError, UndefinedObject
from aurorapy.records import dataclass

_TRUE = ("on", "true", "yes", "1")
_FALSE = ("off", "false", "no", "0")
_UNITS = {
    # factor to the base unit of the family
    "us": ("time", 0.001), "ms": ("time", 1), "s": ("time", 1000), "min": ("time", 60_000), "h": ("time", 3_600_000),
    "d": ("time", 86_400_000),
    "B": ("memory", 1 / 1024), "kB": ("memory", 1), "MB": ("memory", 1024), "GB": ("memory", 1024**2),
    "TB": ("memory", 1024**3), "8kB": ("memory", 8),
}  # fmt: skip
_TIME_ORDER = ("d", "h", "min", "s", "ms", "us")
_MEMORY_ORDER = ("TB", "GB", "MB", "kB", "B")
_INT_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter.

    kind: bool, integer, real, string, enum. context, as in pg_settings: internal, postmaster, sighup, superuser-backend,
    backend, superuser, user. `report`: sent to clients as ParameterStatus when it changes.
    """

    name: str
    kind: str
    default: Any
    context: str = "user"
    unit: str = ""
    minimum: float = 0
    maximum: float = _INT_MAX
    choices: tuple[str, ...] = ()
    description: str = ""
    category: str = ""
    report: bool = False
    list_of_names: bool = False  # search_path, DateStyle: SET takes several values

    def parse(self, text: str) -> Any:
        """The value of `text`, in the setting's unit. Raises DataError 22023."""
        return _PARSERS[self.kind](self, text)

    def show(self, value: Any) -> str:
        if self.kind == "bool":
            return "on" if value else "off"
        if self.kind == "integer":
            return _show_with_unit(value, self.unit)
        if self.kind == "real":
            return f"{value:g}" + self.unit
        return str(value)


def _bad(setting: Setting, text: str, hint: str | None = None) -> DataError:
    return DataError(f'invalid value for parameter "{setting.name}": "{text}"', sqlstate="22023", hint=hint)


def parse_bool(text: str) -> bool | None:
    """PostgreSQL's spellings, unique prefixes included; None when it is none of them."""
    word = text.strip().lower()
    if not word:
        return None
    for words, value in ((_TRUE, True), (_FALSE, False)):
        for full in words:
            if full.startswith(word) and not (word == "o"):
                return value
    return None


def _parse_bool(setting: Setting, text: str) -> bool:
    value = parse_bool(text)
    if value is None:
        raise DataError(f'parameter "{setting.name}" requires a Boolean value', sqlstate="22023")
    return value


def _parse_number(setting: Setting, text: str) -> float:
    match = re.fullmatch(r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))\s*([a-zA-Z]*)\s*", text)
    if match is None:
        raise _bad(setting, text)
    digits, unit = match.groups()
    number = float(int(digits, 16)) if digits.lower().startswith("0x") else float(digits)
    if not unit:
        return number
    family = _UNITS.get(setting.unit, (None, 0))[0]
    if _UNITS.get(unit, ("?", 0))[0] != family:
        hint = None
        if family == "time":
            hint = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".'
        elif family == "memory":
            hint = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".'
        raise _bad(setting, text, hint)
    return number * _UNITS[unit][1] / _UNITS[setting.unit][1]


def _check_range(setting: Setting, value: float) -> None:
    if setting.minimum <= value <= setting.maximum:
        return
    unit = f" {setting.unit}" if setting.unit else ""
    raise DataError(
        f'{value:g}{unit} is outside the valid range for parameter "{setting.name}" '
        f"({setting.minimum:g} .. {setting.maximum:.15g})",
        sqlstate="22023",
    )


def _parse_integer(setting: Setting, text: str) -> int:
    value = round(_parse_number(setting, text))
    _check_range(setting, value)
    return value


def _parse_real(setting: Setting, text: str) -> float:
    value = _parse_number(setting, text)
    _check_range(setting, value)
    return value


def _parse_enum(setting: Setting, text: str) -> str:
    word = text.strip().lower()
    for choice in setting.choices:
        if choice.lower() == word:
            return choice
    as_bool = parse_bool(word)
    if as_bool is not None and ("on" if as_bool else "off") in setting.choices:
        return "on" if as_bool else "off"
    raise _bad(setting, text, f"Available values: {', '.join(setting.choices)}.")


_PARSERS = {
    "bool": _parse_bool,
    "integer": _parse_integer,
    "real": _parse_real,
    "enum": _parse_enum,
    "string": lambda setting, text: text,
}


def _show_with_unit(value: int, unit: str) -> str:
    if unit not in _UNITS or value <= 0:
        return f"{value}{'' if value <= 0 else unit}"
    family, factor = _UNITS[unit]
    base = value * factor
    for name in _TIME_ORDER if family == "time" else _MEMORY_ORDER:
        size = _UNITS[name][1]
        if base % size == 0:
            return f"{round(base / size)}{name}"
    return f"{value}{unit}"


def _settings() -> list[Setting]:
    boolean, integer, real, string, enum = "bool", "integer", "real", "string", "enum"
    levels = ("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error")
    isolation = ("serializable", "repeatable read", "read committed", "read uncommitted")
    return [
        # connections
        Setting("listen_addresses", string, "127.0.0.1", "postmaster", description="Sets the host name or IP address(es) to listen to."),
        Setting("port", integer, 5432, "postmaster", minimum=0, maximum=65535, description="Sets the TCP port the server listens on."),
        Setting("max_connections", integer, 5000, "postmaster", minimum=1, maximum=262143, description="Sets the maximum number of concurrent connections."),
        Setting("superuser_reserved_connections", integer, 3, "postmaster", maximum=262143, description="Sets the number of connection slots reserved for superusers."),
        Setting("authentication_timeout", integer, 60, "sighup", "s", 1, 600, description="Sets the maximum allowed time to complete client authentication."),
        Setting("ssl", boolean, False, "sighup", description="Enables SSL connections."),
        Setting("ssl_cert_file", string, "", "sighup", description="Location of the SSL server certificate file."),
        Setting("ssl_key_file", string, "", "sighup", description="Location of the SSL server private key file."),
        Setting("auth_method", enum, "trust", "postmaster", choices=("trust", "scram-sha-256"), description="How clients prove who they are."),
        Setting("password_encryption", enum, "scram-sha-256", choices=("md5", "scram-sha-256"), description="Chooses the algorithm for encrypting passwords."),
        Setting("scram_iterations", integer, 4096, "user", minimum=1, description="Iterations of a new SCRAM verifier."),
        # memory and storage
        Setting("shared_buffers", integer, 16384, "postmaster", "8kB", 16, 1073741823, description="Sets the number of shared memory buffers used by the server."),
        Setting("work_mem", integer, 4096, "user", "kB", 64, description="Sets the maximum memory to be used for query workspaces."),
        Setting("maintenance_work_mem", integer, 65536, "user", "kB", 1024, description="Sets the maximum memory to be used for maintenance operations."),
        Setting("temp_file_limit", integer, -1, "superuser", "kB", -1, description="Limits the total size of all temporary files used by each process."),
        Setting("temp_buffers", integer, 1024, "user", "8kB", 100, 1073741823, description="Sets the maximum number of temporary buffers used by each session."),
        Setting("effective_cache_size", integer, 524288, "user", "8kB", 1, description="Sets the planner's assumption about the total size of the data caches."),
        Setting("retention_window", integer, 600_000, "sighup", "ms", 0, 2**31 - 1, description="How far back pages stay readable."),
        Setting("retention_size", integer, 1024, "sighup", "MB", 0, description="At most this much redo is kept for the retention window."),
        Setting("hot_log_file_size", integer, 64, "postmaster", "MB", 1, 1024, description="Size of one hot log file."),
        Setting("storage_nodes", string, "", "postmaster", description="Storage nodes that hold the volume, as [NAME=]ZONE:HOST:PORT, separated by commas; empty: it is in this process."),
        Setting("storage_scrub_interval", integer, 3_600_000, "postmaster", "ms", 100, 2**31 - 1, description="Between two passes in which a storage node verifies all it has on its disk."),
        Setting("storage_copies", enum, "6", "postmaster", choices=("6", "3+3", "3", "1"), description="Copies of each protection group on storage nodes; 3+3: three full, three of the log only."),
        Setting("cluster_secret_file", string, "", "postmaster", description="File with the secret that the processes of one cluster share."),
        Setting("storage_tls_cert_file", string, "", "postmaster", description="Certificate of this process on links of the cluster, which go through TLS then."),
        Setting("storage_tls_key_file", string, "", "postmaster", description="Private key of that certificate."),
        Setting("storage_tls_ca_file", string, "", "postmaster", description="Certificates that those of other processes of the cluster are checked against."),
        # the instance in its cluster
        Setting("instance_name", string, "", "postmaster", description="Name of this instance in its cluster."),
        Setting("instance_number", integer, 0, "postmaster", maximum=511, description="Number of this instance in its cluster, the high bits of its backends' pids."),
        Setting("instance_role", enum, "writer", "postmaster", choices=("writer", "reader"), description="What this instance is when it starts."),
        Setting("instance_listen", string, "", "postmaster", description="Internal address, as HOST:PORT, for readers and the control plane; empty: none."),
        Setting("instance_writer", string, "", "postmaster", description="Internal address of the writer when a reader starts; empty: it waits to be told."),
        Setting("max_standby_streaming_delay", integer, 30000, "sighup", "ms", -1, 2**31 - 1, description="So long a reader's snapshot, or a lost reader, keeps row versions from being removed; -1: for ever."),
        Setting("local_write_forwarding", boolean, False, "postmaster", description="A reader's writes go to the writer of its cluster."),
        Setting("apg_write_forward.consistency_mode", enum, "session", choices=("session", "eventual", "global", "off"), description="What a reader's queries wait for when its writes are forwarded."),
        Setting("apg_write_forward.connect_timeout", integer, 30, "user", "s", description="So long a reader tries to connect to the writer; 0: for ever."),
        Setting("apg_write_forward.idle_in_transaction_session_timeout", integer, 86_400_000, "user", "ms", description="So long a forwarded transaction may be idle on the writer; 0: for ever."),
        Setting("apg_write_forward.idle_session_timeout", integer, 300_000, "user", "ms", description="So long a forwarded session may be idle on the writer; 0: for ever."),
        Setting("apg_write_forward.max_forwarding_connections_percent", integer, 25, "sighup", minimum=1, maximum=100, description="Share of max_connections that forwarded sessions may take on the writer."),
        Setting("apg_ccm_enabled", boolean, False, "sighup", description="Cluster cache management: the reader of tier 0 keeps the pages that the writer of tier 0 keeps."),
        Setting("promotion_tier", integer, 1, "sighup", maximum=15, description="Who becomes writer first when the writer is lost: 0 before 15."),
        Setting("metrics_listen", string, "", "postmaster", description="HTTP address of the metrics, as HOST:PORT; empty: none."),
        Setting("protection_group_size", integer, 1310720, "postmaster", "8kB", 64, 2**31 - 1, description="Address space of one protection group."),
        Setting("block_size", integer, 8192, "internal", description="Shows the size of a disk block."),
        Setting("idle_spin", integer, -1, "postmaster", "us", -1, 1000, description="Polls for this long after an answer before sleeping; -1: 60us where a processor is spare, otherwise not at all."),
        # durability
        Setting("synchronous_commit", enum, "on", choices=("local", "remote_write", "remote_apply", "on", "off"), description="Sets the current transaction's synchronization level."),
        Setting("fsync", boolean, True, "internal", description="Forces synchronization of updates to disk."),
        Setting("full_page_writes", boolean, False, "internal", description="Pages are never overwritten, so none is written whole."),
        Setting("wal_level", enum, "replica", "internal", choices=("minimal", "replica", "logical"), description="Sets the level of information written to the WAL."),
        Setting("wal_segment_size", integer, 67108864, "internal", "B", 0, 2**31 - 1, description="Shows the size of write ahead log segments."),
        # transactions and locks
        Setting("default_transaction_isolation", enum, "read committed", choices=isolation, description="Sets the transaction isolation level of each new transaction."),
        Setting("transaction_isolation", enum, "read committed", choices=isolation, description="Sets the current transaction's isolation level."),
        Setting("default_transaction_read_only", boolean, False, report=True, description="Sets the default read-only status of new transactions."),
        Setting("transaction_read_only", boolean, False, description="Sets the current transaction's read-only status."),
        Setting("default_transaction_deferrable", boolean, False, description="Sets the default deferrable status of new transactions."),
        Setting("transaction_deferrable", boolean, False, description="Whether to defer a read-only serializable transaction until it can be executed with no possible serialization failures."),
        Setting("deadlock_timeout", integer, 1000, "superuser", "ms", 1, description="Sets the time to wait on a lock before checking for deadlock."),
        Setting("lock_timeout", integer, 0, "user", "ms", description="Sets the maximum allowed duration of any wait for a lock."),
        Setting("statement_timeout", integer, 0, "user", "ms", description="Sets the maximum allowed duration of any statement."),
        Setting("idle_in_transaction_session_timeout", integer, 0, "user", "ms", description="Sets the maximum allowed idle time between queries, when in a transaction."),
        Setting("idle_session_timeout", integer, 0, "user", "ms", description="Sets the maximum allowed idle time between queries, when not in a transaction."),
        Setting("max_locks_per_transaction", integer, 64, "postmaster", minimum=10, description="Sets the maximum number of locks per transaction."),
        Setting("max_prepared_transactions", integer, 0, "postmaster", maximum=262143, description="Sets the maximum number of simultaneously prepared transactions."),
        # client defaults
        Setting("application_name", string, "", report=True, description="Sets the application name to be reported in statistics and logs."),
        Setting("client_encoding", string, "UTF8", report=True, description="Sets the client's character set encoding."),
        Setting("server_encoding", string, "UTF8", "internal", report=True, description="Shows the server (database) character set encoding."),
        Setting("client_min_messages", enum, "notice", choices=levels, description="Sets the message levels that are sent to the client."),
        Setting("DateStyle", string, "ISO, MDY", report=True, list_of_names=True, description="Sets the display format for date and time values."),
        Setting("IntervalStyle", enum, "postgres", choices=("postgres", "postgres_verbose", "sql_standard", "iso_8601"), report=True, description="Sets the display format for interval values."),
        Setting("TimeZone", string, "UTC", report=True, description="Sets the time zone for displaying and interpreting time stamps."),
        Setting("timezone_abbreviations", string, "Default", description="Selects a file of time zone abbreviations."),
        Setting("extra_float_digits", integer, 1, minimum=-15, maximum=3, description="Sets the number of digits displayed for floating-point values."),
        Setting("bytea_output", enum, "hex", choices=("escape", "hex"), description="Sets the output format for bytea."),
        Setting("search_path", string, '"$user", public', list_of_names=True, description="Sets the schema search order for names that are not schema-qualified."),
        Setting("standard_conforming_strings", boolean, True, report=True, description="Causes '...' strings to treat backslashes literally."),
        Setting("escape_string_warning", boolean, True, description="Warn about backslash escapes in ordinary string literals."),
        Setting("backslash_quote", enum, "safe_encoding", choices=("safe_encoding", "on", "off"), description="Sets whether \"\\'\" is allowed in string literals."),
        Setting("array_nulls", boolean, True, description="Enable input of NULL elements in arrays."),
        Setting("quote_all_identifiers", boolean, False, description="When generating SQL fragments, quote all identifiers."),
        Setting("row_security", boolean, True, description="Enable row security."),
        Setting("check_function_bodies", boolean, True, description="Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE."),
        Setting("default_tablespace", string, "", description="Sets the default tablespace to create tables and indexes in."),
        Setting("temp_tablespaces", string, "", list_of_names=True, description="Sets the tablespace(s) to use for temporary tables and sort files."),
        Setting("default_table_access_method", string, "heap", description="Sets the default table access method for new tables."),
        Setting("default_toast_compression", enum, "lz4", choices=("pglz", "lz4"), description="Sets the default compression method for compressible values."),
        Setting("xmloption", enum, "content", choices=("content", "document"), description="Sets whether XML data in implicit parsing and serialization operations is to be considered as documents or content fragments."),
        Setting("seed", real, 0.0, minimum=-1, maximum=1, description="Sets the seed for random-number generation."),
        Setting("role", string, "none", description="Sets the current role."),
        Setting("session_authorization", string, "", report=True, description="Sets the session user name."),
        Setting("is_superuser", boolean, True, "internal", report=True, description="Shows whether the current user is a superuser."),
        Setting("lc_collate", string, "C.UTF-8", "internal", description="Shows the collation order locale."),
        Setting("lc_ctype", string, "C.UTF-8", "internal", description="Shows the character classification and case conversion locale."),
        Setting("lc_messages", string, "C.UTF-8", "superuser", description="Sets the language in which messages are displayed."),
        Setting("lc_monetary", string, "C.UTF-8", description="Sets the locale for formatting monetary amounts."),
        Setting("lc_numeric", string, "C.UTF-8", description="Sets the locale for formatting numbers."),
        Setting("lc_time", string, "C.UTF-8", description="Sets the locale for formatting date and time values."),
        Setting("default_text_search_config", string, "pg_catalog.simple", description="Sets default text search configuration."),
        # planner
        *[Setting(f"enable_{name}", boolean, True, description=f"Enables the planner's use of {what}.") for name, what in (
            ("seqscan", "sequential-scan plans"), ("indexscan", "index-scan plans"), ("indexonlyscan", "index-only-scan plans"),
            ("bitmapscan", "bitmap-scan plans"), ("tidscan", "TID scan plans"), ("sort", "explicit sort steps"),
            ("hashagg", "hashed aggregation plans"), ("hashjoin", "hash join plans"), ("mergejoin", "merge join plans"),
            ("nestloop", "nested-loop join plans"), ("material", "materialization"), ("memoize", "memoization"),
            ("parallel_append", "parallel append plans"), ("parallel_hash", "parallel hash plans"),
            ("incremental_sort", "incremental sort steps"), ("gathermerge", "gather merge plans"))],
        Setting("plan_cache", boolean, True, description="Caches the plans of plain statements by their text without literals."),
        Setting("plan_cache_mode", enum, "auto", choices=("auto", "force_generic_plan", "force_custom_plan"), description="Controls the planner's selection of custom or generic plan."),
        Setting("seq_page_cost", real, 1.0, maximum=1e308, description="Sets the planner's estimate of the cost of a sequentially fetched disk page."),
        Setting("random_page_cost", real, 4.0, maximum=1e308, description="Sets the planner's estimate of the cost of a nonsequentially fetched disk page."),
        Setting("cpu_tuple_cost", real, 0.01, maximum=1e308, description="Sets the planner's estimate of the cost of processing each tuple (row)."),
        Setting("cpu_index_tuple_cost", real, 0.005, maximum=1e308, description="Sets the planner's estimate of the cost of processing each index entry during an index scan."),
        Setting("cpu_operator_cost", real, 0.0025, maximum=1e308, description="Sets the planner's estimate of the cost of processing each operator or function call."),
        Setting("cursor_tuple_fraction", real, 0.1, maximum=1, description="Sets the planner's estimate of the fraction of a cursor's rows that will be retrieved."),
        Setting("default_statistics_target", integer, 100, minimum=1, maximum=10000, description="Sets the default statistics target."),
        Setting("from_collapse_limit", integer, 8, minimum=1, description="Sets the FROM-list size beyond which subqueries are not collapsed."),
        Setting("join_collapse_limit", integer, 8, minimum=1, description="Sets the FROM-list size beyond which JOIN constructs are not flattened."),
        Setting("jit", boolean, False, description="Allow JIT compilation."),
        Setting("max_parallel_workers_per_gather", integer, 0, maximum=1024, description="Sets the maximum number of parallel processes per executor node."),
        # background work
        Setting("autovacuum", boolean, True, "sighup", description="Starts the autovacuum subprocess."),
        Setting("autovacuum_naptime", integer, 60, "sighup", "s", 1, 2147483, description="Time to sleep between autovacuum runs."),
        Setting("autovacuum_vacuum_threshold", integer, 50, "sighup", description="Minimum number of tuple updates or deletes prior to vacuum."),
        Setting("autovacuum_vacuum_scale_factor", real, 0.2, "sighup", maximum=100, description="Number of tuple updates or deletes prior to vacuum as a fraction of reltuples."),
        Setting("autovacuum_vacuum_insert_threshold", integer, 1000, "sighup", minimum=-1, description="Minimum number of tuple inserts prior to vacuum, or -1 to disable insert vacuums."),
        Setting("autovacuum_analyze_threshold", integer, 50, "sighup", description="Minimum number of tuple inserts, updates, or deletes prior to analyze."),
        Setting("autovacuum_analyze_scale_factor", real, 0.1, "sighup", maximum=100, description="Number of tuple inserts, updates, or deletes prior to analyze as a fraction of reltuples."),
        # logging and activity
        Setting("log_min_duration_statement", integer, -1, "superuser", "ms", -1, description="Sets the minimum execution time above which all statements will be logged."),
        Setting("log_connections", boolean, False, "superuser-backend", description="Logs each successful connection."),
        Setting("log_disconnections", boolean, False, "superuser-backend", description="Logs end of a session, including duration."),
        Setting("log_statement", enum, "none", "superuser", choices=("none", "ddl", "mod", "all"), description="Sets the type of statements logged."),
        Setting("log_min_messages", enum, "warning", "superuser", choices=(*levels, "fatal", "panic"), description="Sets the message levels that are logged."),
        Setting("log_format", enum, "auto", "postmaster", choices=("auto", "console", "json"), description="Console lines on a terminal, JSON otherwise."),
        Setting("track_activities", boolean, True, "superuser", description="Collects information about executing commands."),
        Setting("track_activity_query_size", integer, 1024, "postmaster", "B", 100, 1048576, description="Sets the size reserved for pg_stat_activity.query, in bytes."),
        Setting("track_counts", boolean, True, "superuser", description="Collects statistics on database activity."),
        Setting("track_io_timing", boolean, False, "superuser", description="Collects timing statistics for database I/O activity."),
        # what the server is
        Setting("server_version", string, "15.18", "internal", report=True, description="Shows the server version."),
        Setting("server_version_num", integer, 150018, "internal", description="Shows the server version as an integer."),
        Setting("integer_datetimes", boolean, True, "internal", report=True, description="Shows whether datetimes are integer based."),
        Setting("in_hot_standby", boolean, False, "internal", report=True, description="Shows whether hot standby is currently active."),
        Setting("max_identifier_length", integer, 63, "internal", description="Shows the maximum identifier length."),
        Setting("max_index_keys", integer, 32, "internal", description="Shows the maximum number of index keys."),
        Setting("max_function_args", integer, 100, "internal", description="Shows the maximum number of function arguments."),
        Setting("data_directory", string, "", "postmaster", description="Sets the server's data directory."),
        Setting("data_checksums", boolean, True, "internal", description="Shows whether data checksums are turned on for this cluster."),
        Setting("cluster_name", string, "", "postmaster", description="Sets the name of the cluster, which is included in the process title."),
        Setting("synchronize_seqscans", boolean, True, description="Enable synchronized sequential scans."),
        Setting("max_stack_depth", integer, 2048, "superuser", "kB", 100, description="Sets the maximum stack depth, in kilobytes."),
    ]  # fmt: skip


SETTINGS: dict[str, Setting] = {s.name.lower(): s for s in _settings()}

# old spellings that PostgreSQL still takes
ALIASES = {"sort_mem": "work_mem", "vacuum_mem": "maintenance_work_mem", "time zone": "timezone"}


def find_setting(name: str) -> Setting | None:
    key = name.lower()
    return SETTINGS.get(ALIASES.get(key, key))


def need_setting(name: str) -> Setting:
    setting = find_setting(name)
    if setting is None:
        raise UndefinedObject(f'unrecognized configuration parameter "{name}"')
    return setting


def defaults() -> dict[str, Any]:
    """Every setting's built-in value, by lower-case name."""
    return {key: setting.default for key, setting in SETTINGS.items()}


def assignments(items: list[str]) -> dict[str, str]:
    """What the options --set say. Raises ValueError."""
    if wrong := [item for item in items if "=" not in item]:
        raise ValueError(f"NAME=VALUE expected, not {wrong[0]}")
    return dict(item.split("=", 1) for item in items)


def load(path: str | None, overrides: dict[str, str] | None = None) -> dict[str, Any]:
    """Defaults, then the TOML file, then `overrides` (texts of the command line)."""
    values = defaults()
    given: dict[str, Any] = {}
    if path is not None:
        with open(path, "rb") as file:
            given.update(tomllib.load(file))
    given.update(overrides or {})
    for name, value in given.items():
        setting = need_setting(name)
        if setting.context == "internal":
            raise DataError(f'parameter "{setting.name}" cannot be changed', sqlstate="55P02")
        text = ("on" if value else "off") if isinstance(value, bool) else str(value)
        values[setting.name.lower()] = setting.parse(text)
    return values
