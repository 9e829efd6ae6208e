"""Aurora's own functions, and those below the views aurora_volume and aurora_segments.

    SELECT * FROM aurora_show_volume_status()      disks | nodes: protection groups, and nodes that hold copies of them
    SELECT node, scl, lag_bytes FROM aurora_segments

Everything but the version is asked of `EvalContext.activity` (the session's).

Errors: none. Not here: the views (catalog/data/views.sql), where the figures come from (`instance.storage_views`).
"""

from __future__ import annotations

from aurorapy import __version__
from aurorapy.expressions.registry import function

_FIRST_OID = 9100  # PostgreSQL's own end at 8,999 or so; those of its developers begin at 8,000

function("aurora_version() text", _FIRST_OID, volatility="s", not_null=True)(lambda: __version__)

_SETS = (
    ("volume_status", "aurora_show_volume_status() setof (disks int4, nodes int4)"),
    ("volume", "aurora_volume_state() setof (volume text, vcl pg_lsn, vdl pg_lsn, epoch text, lsn_limit pg_lsn, "
     "group_pages int4, protection_groups int4, size_bytes int8, copies int4, write_quorum int4, read_quorum int4, "
     "records int8, batches int8, batch_bytes int8, messages int8, acks int8, page_reads int8, hedged_reads int8, "
     "gossip_fills int8)"),
    ("segments", "aurora_segment_states() setof (protection_group int4, copy text, node text, zone text, address text, "
     "state text, scl pg_lsn, lag_bytes int8, sealed pg_lsn, horizon pg_lsn, gaps int4, pages int8, log_bytes int8, "
     "run_bytes int8, gossip_fills int8, last_scrub timestamptz, ack_p50_ms float8, ack_p99_ms float8)"),
    ("copy_digests", "aurora_copy_digests() setof (protection_group int4, copy text, lsn pg_lsn, pages int8, digest int8)"),
    ("replicas", "aurora_replica_status() setof (server_id text, session_id text, durable_lsn pg_lsn, highest_lsn_rcvd pg_lsn, "
     "current_read_lsn pg_lsn, cur_replay_latency_in_usec int8, active_txns int8, is_current bool, last_transport_error int4, "
     "last_error_timestamp timestamptz, last_update_timestamp timestamptz, feedback_xmin int8, feedback_epoch int8, "
     "replica_lag_in_msec float8, log_stream_speed_in_kib_per_second float8, log_buffer_sequence_number int8, "
     "oldest_read_view_trx_id int8, oldest_read_view_lsn pg_lsn, pending_read_ios int8, read_ios int8, iops int4, cpu float8)"),
)  # fmt: skip


def _rows(name: str):
    return lambda ctx: getattr(ctx.activity, name)() if ctx.activity is not None else iter(())


for _number, (_name, _signature) in enumerate(_SETS, 1):
    function(_signature, _FIRST_OID + _number, context=True, volatility="v", rows=10)(_rows(_name))


@function("aurora_storage_nodes() setof (node text, zone text, address text, copies int4)", _FIRST_OID + 11, context=True,
          volatility="v", rows=10)  # fmt: skip
def _storage_nodes(ctx):
    return iter(ctx.activity.storage_nodes.listed()) if ctx.activity is not None else iter(())


@function("aurora_add_storage_node(place text) void", _FIRST_OID + 12, context=True, volatility="v")
def _add_storage_node(ctx, place):
    ctx.activity.storage_nodes.add(place)
    return ""


@function("aurora_replace_storage_node(node text, place text) int4", _FIRST_OID + 13, context=True, volatility="v")
def _replace_storage_node(ctx, node, place):
    return ctx.activity.storage_nodes.replace(node, place)


@function("aurora_revert_storage_node(node text) int4", _FIRST_OID + 14, context=True, volatility="v")
def _revert_storage_node(ctx, node):
    return ctx.activity.storage_nodes.revert(node)


@function("aurora_inject_crash(fault text) void", _FIRST_OID + 15, context=True, volatility="v")
def _inject_crash(ctx, fault):
    ctx.activity.storage_nodes.crash(fault)
    return ""


@function("aurora_inject_disk_failure(percentage_of_failure float8, index int4, is_disk bool, quantity int4) void", _FIRST_OID + 16,
          context=True, volatility="v")  # fmt: skip
def _inject_disk_failure(ctx, percentage, index, is_disk, seconds):
    ctx.activity.storage_nodes.fail(percentage, index, is_disk, seconds)
    return ""


@function("aurora_inject_disk_congestion(percentage_of_failure float8, index int4, is_disk bool, quantity int4, minimum float8, "
          "maximum float8) void", _FIRST_OID + 17, context=True, volatility="v")  # fmt: skip
def _inject_disk_congestion(ctx, percentage, index, is_disk, seconds, minimum, maximum):
    ctx.activity.storage_nodes.congest(percentage, index, is_disk, seconds, minimum, maximum)
    return ""


@function("aurora_changed_pages(since pg_lsn) int8", _FIRST_OID + 10, context=True, volatility="v")
def _changed_pages(ctx, since):
    return ctx.activity.changed_pages(since) if ctx.activity is not None else None
