"""What a storage node shows of itself as metrics.

    exposition = Exposition(loop, address, lambda: node_figures(node))

Not here: HTTP (`host/exposition.py`), the writer's view of all copies (aurora_segments).
"""

from __future__ import annotations

from typing import Any

from aurorapy.host.exposition import TOTAL, Figure, cpu_figure


def node_figures(node: Any) -> list[Figure]:
    figures = [
        Figure("Segments", "Copies of protection groups on this node", len(node.segments)),
        Figure("FreeLocalStorage", "Bytes free on the node's disk", node.host.disk.free_bytes()),
        cpu_figure(),
    ]
    for group, segment in sorted(node.segments.items()):
        labels = (("group", str(group)), ("copy", segment.copy))
        figures += [
            Figure("VolumeBytesUsed", "Bytes of sealed runs on the disk", segment.bytes_on_disk(), labels=labels),
            Figure("SegmentCompleteLSN", "SCL: no gap below it", segment.scl, labels=labels),
            Figure("SealedLSN", "Up to here the log is cut into runs", segment.sealed, labels=labels),
            Figure("SegmentGaps", "Batches that came ahead of a gap", len(segment.ahead), labels=labels),
            Figure("GossipFills", "Records taken from peers", node.gossip.exchange(segment).filled_records, TOTAL, labels),
        ]
    return figures
