"""Faults on demand in the copies of an open volume.

    index       of a protection group (is_disk), or of a storage node, in the order of `aurora_storage_nodes()`
    percentage  of the group's copies, or of the copies on the node: so many of them fail, rounded up

    fail(volume, 100.0, 0, True, 20)                       group 0 takes no writes for 20 s, and serves no page
    congest(volume, 50.0, 2, False, 20, 0.0, 100.0)        half of the copies on the third node answer late

Errors: FaultRefused for an index or figure that is none; Unreachable when a node does not answer.

Not here: what a failing copy does (`node/simulated.py`), the functions (`expressions.functions.aurora`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.storage import messages as m

ASK_SECONDS = 5.0
DELAY_MS_MAX = 100.0


class FaultRefused(DatabaseError, sqlstate="22023"):
    """Not a fault that can be simulated."""


def fail(volume: Any, percentage: float, index: int, is_disk: bool, seconds: int) -> int:
    return _simulate(volume, percentage, index, is_disk, seconds, 0.0, 0.0)


def congest(
    volume: Any, percentage: float, index: int, is_disk: bool, seconds: int, minimum_ms: float, maximum_ms: float
) -> int:  # fmt: skip
    if not 0.0 <= minimum_ms <= maximum_ms <= DELAY_MS_MAX or maximum_ms == 0.0:
        raise FaultRefused(f"delays must be between 0 and {DELAY_MS_MAX:g} milliseconds, the minimum first")
    return _simulate(volume, percentage, index, is_disk, seconds, minimum_ms, maximum_ms)


def _simulate(
    volume: Any, percentage: float, index: int, is_disk: bool, seconds: int, minimum_ms: float, maximum_ms: float
) -> int:  # fmt: skip
    """How many copies are concerned."""
    if not 0.0 <= percentage <= 100.0:
        raise FaultRefused("the percentage must be between 0 and 100")
    if seconds < 0:
        raise FaultRefused("the duration must not be negative")
    copies = copies_of_group(volume, index) if is_disk else copies_on_node(volume, index)
    chosen = copies[: -int(-len(copies) * percentage // 100)]
    for group, copy in chosen:
        message = m.Simulate(volume.epoch, group, float(seconds), minimum_ms, maximum_ms)
        volume.transport.ask({copy: message}, bool, ASK_SECONDS)
    return len(chosen)


def copies_of_group(volume: Any, group: int) -> list[tuple[int, str]]:
    if group not in volume.groups:
        raise FaultRefused(f"there is no disk {group}: the volume has {len(volume.groups)}")
    return [(group, member.copy) for member in reversed(volume.transport.memberships[group].members)]


def copies_on_node(volume: Any, index: int) -> list[tuple[int, str]]:
    nodes = volume.nodes.known()
    if not 0 <= index < len(nodes):
        raise FaultRefused(f"there is no storage node {index}: the volume has {len(nodes)}")
    return [
        (group, member.copy) for group, membership in sorted(volume.transport.memberships.items())
        for member in membership.members if member.node == nodes[index].name
    ]  # fmt: skip
