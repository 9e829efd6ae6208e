"""Which instances an endpoint leads to, and which of them a new connection gets.

    cluster    the writer, once it is open
    reader     readers that serve; the writer when there is none
    custom     READER: its members among the readers; ANY: its members, whatever they are
               static members, or everybody but the excluded (also those who come later)

    candidates(endpoint, topology)   → [Instance, …]
    choose(candidates, connections)  → the one with the fewest connections

Not here: sockets (`endpoint`).
"""

from __future__ import annotations

from typing import Callable, Mapping

from aurorapy.cluster.topology import CLUSTER, CUSTOM, Endpoint, Instance, Topology

NUMBER_SHIFT = 22  # a backend's pid: the instance's number above, a count below


def candidates(endpoint: Endpoint, topology: Topology) -> list[Instance]:
    writer = topology.writer
    open_writer = [topology.instances[writer.name]] if writer and writer.is_open and writer.name in topology.instances else []
    if endpoint.kind == CLUSTER:
        return open_writer
    if endpoint.kind == CUSTOM:
        able = topology.readers() + (open_writer if endpoint.type == "ANY" else [])
        return [each for each in able if is_member(endpoint, each.name)]
    return topology.readers() or open_writer


def is_member(endpoint: Endpoint, name: str) -> bool:
    return name in endpoint.static if endpoint.static else name not in endpoint.excluded


def choose(able: list[Instance], connections: Mapping[str, int], draw: Callable[[int], int]) -> Instance:
    """draw(n): a number below n, for those that have as few."""
    fewest = min(connections.get(each.name, 0) for each in able)
    best = [each for each in able if connections.get(each.name, 0) == fewest]
    return best[draw(len(best))]


def instance_of_pid(pid: int, topology: Topology) -> Instance | None:
    """Whose backend this is."""
    number = pid >> NUMBER_SHIFT
    return next((each for each in topology.instances.values() if each.number == number), None)
