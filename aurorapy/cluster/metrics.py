"""What the endpoint process and the supervisor show of themselves as metrics.

    clients by instance and endpoint, connections led, cancels forwarded     processes running, and ended so far

Not here: HTTP (`host/exposition.py`), instances' and nodes' own figures.
"""

from __future__ import annotations

from typing import Any

from aurorapy.cluster.topology import Topology
from aurorapy.host.exposition import TOTAL, Figure, cpu_figure


def endpoint_figures(router: Any) -> list[Figure]:
    figures = [
        cpu_figure(),
        Figure("ConnectionsLed", "Connections led to an instance", router.led, TOTAL),
        Figure("CancelsForwarded", "CancelRequests passed on", router.cancels, TOTAL),
    ]
    for name, count in sorted(router.connections.items()):
        figures.append(Figure("ConnectionsToInstance", "Connections through here", count, labels=(("instance", name),)))
    return figures


def supervisor_figures(running: int, ended: int, leads: bool, topology: Topology) -> list[Figure]:
    lags = [each.lag_us / 1000 for name, each in topology.reports.items() if each.alive and not topology.is_writer(name)]
    figures = [
        cpu_figure(),
        Figure("ProcessesRunning", "Processes of this host", running),
        Figure("ProcessesEnded", "Processes that ended, whyever", ended, TOTAL),
        Figure("Leads", "1 where this host decides who writes", float(leads)),
        Figure("WriterChanges", "Decisions on who writes so far", topology.writer.number if topology.writer else 0, TOTAL),
    ]
    if lags:
        figures.append(Figure("AuroraReplicaLagMaximum", "Milliseconds, of the furthest reader", max(lags)))
        figures.append(Figure("AuroraReplicaLagMinimum", "Milliseconds, of the nearest reader", min(lags)))
    return figures
