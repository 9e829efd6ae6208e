"""What an instance shows of itself as metrics, under CloudWatch's names.

    exposition = Exposition(loop, address, InstanceFigures(instance, listener, lag_us))

A commit's latency is told as the time from a batch's leaving to its write quorum, the median of the last thousand: what
the storage makes a commit wait. Hits are of the last ten seconds, as everything a second.

Not here: HTTP (`host/exposition.py`), storage nodes' figures (`storage/node/metrics.py`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.host.exposition import GAUGE, RATE, TOTAL, Figure, cpu_figure

US = 1_000_000


class InstanceFigures:
    def __init__(self, instance: Any, listener: Any, lag_us: Callable[[], int], role: Callable[[], str]) -> None:
        self._instance, self._listener, self._lag_us, self._role = instance, listener, lag_us, role
        self._hits = (0, 0)
        self._hit_ratio = 100.0

    def __call__(self) -> list[Figure]:
        instance, volume = self._instance, self._instance.volume
        uptime = (instance.host.clock.wall_us() - instance.start_us) / US
        figures = [
            Figure("DatabaseConnections", "Clients connected", len(self._listener.by_pid)),
            Figure("EngineUptime", "Seconds since the instance started", uptime),
            Figure("BufferCacheHitRatio", "Percent of page requests that the cache answered", self._ratio()),
            Figure("ReplayedLSN", "The VDL: what is durable, and on a reader what it shows", volume.vdl),
            Figure("IsWriter", "1 for the writer", float(self._role() == "writer")),
            cpu_figure(),
            *self._statements(),
        ]
        if self._role() == "writer":
            return figures + self._of_a_writer()
        return [*figures, Figure("AuroraReplicaLag", "Milliseconds behind the writer", self._lag_us() / 1000)]

    def _statements(self) -> list[Figure]:
        """Of all databases, as aurora_stat_dml_activity() has them of one."""
        counted = [database.activity.statements() for database in self._instance.databases()]
        return [
            Figure(f"{kind}Throughput", f"{kind.upper()}s a second", sum(each[number][0] for each in counted), RATE)
            for number, kind in enumerate(("Select", "Insert", "Update", "Delete"))
        ]

    def _of_a_writer(self) -> list[Figure]:
        txns, transport = self._instance.txns, self._instance.volume.transport
        blocked = {id(each) for each in txns.running.values() if getattr(each, "waiting", None) is not None}
        forwarded = sum(each.facts.is_forwarded for each in self._listener.by_pid.values())
        figures = [
            Figure("CommitThroughput", "Commits a second of transactions that wrote", txns.commits, RATE),
            Figure("Commits", "Commits of transactions that wrote", txns.commits, TOTAL),
            Figure("Rollbacks", "Rollbacks of transactions that wrote", txns.rollbacks, TOTAL),
            Figure("AuroraLocalForwardingWriterOpenSessions", "Sessions of readers' clients, which write here", forwarded),
            Figure("BlockedTransactions", "Transactions that wait for another's lock", len(blocked)),
        ]
        for name, attribute, help_ in (
            ("VolumeWriteIOPs", "batches", "Batches of log a second, each counted once whatever the number of copies"),
            ("VolumeReadIOPs", "page_reads", "Pages a second read from storage nodes"),
            ("StorageNetworkTransmitThroughput", "bytes", "Bytes of log a second, each counted once"),
        ):
            value = getattr(transport, attribute, None)
            if value is not None:
                figures.append(Figure(name, help_, value, RATE))
        latency = self._commit_latency(transport)
        if latency is not None:
            figures.append(Figure("CommitLatency", "Milliseconds until a batch is on its write quorum, median", latency, GAUGE))
        return figures

    def _commit_latency(self, transport: Any) -> float | None:
        if not hasattr(transport, "ack_latencies"):
            return None
        copies = [member.copy for member in transport.memberships[0].members] if 0 in transport.memberships else []
        medians = sorted(p50 for p50 in (transport.ack_latencies(0, copy)[0] for copy in copies) if p50)
        quorum = len(copies) // 2 + 1
        return medians[quorum - 1] * 1000 if len(medians) >= quorum else None

    def _ratio(self) -> float:
        hits, misses = self._instance.buffer_counters()
        new_hits, new_misses = hits - self._hits[0], misses - self._hits[1]
        if new_hits + new_misses > 1000:
            self._hit_ratio = 100 * new_hits / (new_hits + new_misses)
            self._hits = hits, misses
        return self._hit_ratio
