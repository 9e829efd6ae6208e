"""A new cluster: who lives where, under which names and ports; and the command line of each of its processes.

    --zones 3 --copies 6 --readers 2 --port 5432, on one host (--tiers 1,1,2 is what --readers 2 means)

    endpoints   cluster 5432   reader 5433   custom ones 5434 …
    instances   i1 5441 (writer, tier 1)   i2 5442 (tier 1)   i3 5443 (tier 2)     links 5541 …
    nodes       a1 5601  b1 5602  c1 5603  a2 5604 …                               metrics 5700 …

A port that is taken is replaced by a free one; what was chosen is in the store and stays.

Errors: ValueError for a number of copies, zones or readers, or a tier, that there is not.

Not here: changes later (`changes`), starting anything.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from aurorapy.cluster.supervision import ENDPOINT, NODE, Wanted
from aurorapy.cluster.topology import CLUSTER, READER, Endpoint, Instance, Node, Topology

ZONES = "abcdefghijklmnopqrstuvwxyz"
COPIES = ("6", "3+3", "3", "1")
INSTANCE_PORTS, LINK_PORTS, NODE_PORTS, METRICS_PORTS, CUSTOM_PORTS = 9, 109, 169, 268, 2  # added to the cluster's
READERS_MAX = TIER_MAX = 15


def nodes_of(zones: int, copies: str, host: str, place: Ports) -> list[Node]:
    """As many as copies of a group, spread over the zones in turn."""
    if copies not in COPIES:
        raise ValueError(f"--copies is one of {', '.join(COPIES)}")
    if not 1 <= zones <= len(ZONES):
        raise ValueError(f"--zones is between 1 and {len(ZONES)}")
    full, _, tails = copies.partition("+")
    found = []
    for number in range(int(full) + int(tails or 0)):
        zone = ZONES[number % zones]
        found.append(
            Node(f"{zone}{number // zones + 1}", zone, host, place.address(NODE_PORTS + number), place.address(METRICS_PORTS + 20 + number))
        )
    return found


def tiers_of(readers: int) -> tuple[int, ...]:
    """The writer's and each reader's where nobody says anything else."""
    return (1, *range(1, readers + 1))


def instances_of(tiers: tuple[int, ...], host: str, place: Ports) -> list[Instance]:
    """The writer and its readers."""
    if not 1 <= len(tiers) <= READERS_MAX + 1:
        raise ValueError(f"--readers is between 0 and {READERS_MAX}")
    if not all(0 <= tier <= TIER_MAX for tier in tiers):
        raise ValueError(f"a promotion tier is between 0 and {TIER_MAX}")
    return [instance_of(number, tier, host, place) for number, tier in enumerate(tiers, 1)]


def instance_of(number: int, tier: int, host: str, place: Ports) -> Instance:
    addresses = [place.address(base + number) for base in (INSTANCE_PORTS, LINK_PORTS, METRICS_PORTS)]
    return Instance(f"i{number}", number, tier, host, *addresses)


def endpoints_of(host: str, place: Ports) -> list[Endpoint]:
    return [Endpoint("cluster", CLUSTER, host, place.address(0)), Endpoint("reader", READER, host, place.address(1))]


class Ports:
    """Addresses that nobody listens at, near a first port; each given out once."""

    def __init__(self, address: str, first: int, taken: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self._address, self._first = address, first
        self._taken = set(taken)

    def address(self, offset: int) -> str:
        wanted = self._first + offset if self._first else 0
        if wanted > 65535:
            wanted = 0
        for port in (wanted, 0, 0, 0, 0):
            found = f"{self._address}:{self._free(port)}"
            if not found.endswith(":None") and found not in self._taken:
                self._taken.add(found)
                return found
        raise ValueError(f"no free port at {self._address}")

    def _free(self, port: int) -> int | None:
        with socket.socket(socket.AF_INET6 if ":" in self._address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._address.strip("[]"), port))
            except OSError:
                return None
            return probe.getsockname()[1]


def taken_addresses(topology: Topology) -> set[str]:
    found = {each.address for each in (*topology.nodes.values(), *topology.endpoints.values())}
    for each in (*topology.instances.values(), *topology.nodes.values()):
        found.add(each.metrics)
    for each in topology.instances.values():
        found |= {each.address, each.link}
    return found


# -- command lines -----------------------------------------------------------------------------------------------------


def command_of(wanted: Wanted, topology: Topology, data: Path, store: str, host: str) -> list[str]:
    """What starts the process."""
    start = [sys.executable, "-m", "aurorapy"]
    if wanted.kind == ENDPOINT:
        return [*start, "endpoint", "--store", store, "--host-name", host]
    cluster = topology.cluster
    secret = cluster["secret_file"]
    if wanted.kind == NODE:
        node = topology.nodes[wanted.name]
        settings = {"metrics_listen": node.metrics, **cluster.get("node_settings", {})}
        return [
            *start, "storage-node", "--data", os.fspath(data / "nodes" / node.name), "--zone", node.zone,
            "--listen", node.address, "--name", node.name, "--secret-file", secret, *_set(settings),
        ]  # fmt: skip
    instance = topology.instances[wanted.name]
    address, _, port = instance.address.rpartition(":")
    settings = {
        "storage_nodes": ",".join(each.place() for each in sorted(topology.nodes.values())),
        "storage_copies": cluster["copies"],
        "cluster_secret_file": secret,
        "cluster_name": cluster["name"],
        "instance_name": instance.name,
        "instance_number": instance.number,
        "instance_role": wanted.role,
        "instance_listen": instance.link,
        "instance_writer": _link_of_writer(wanted, topology),
        "promotion_tier": instance.tier,
        "metrics_listen": instance.metrics,
        **cluster.get("settings", {}),
    }
    command = [
        *start, "serve", "--data", os.fspath(data / "instances" / instance.name), "--host", address, "--port", port,
        "--user", cluster.get("user", "postgres"), *_set(settings),
    ]  # fmt: skip
    if cluster.get("verifier"):
        command += ["--password", cluster["verifier"]]
    if cluster.get("force_trust"):
        command.append("--force-trust")
    return command


def _link_of_writer(wanted: Wanted, topology: Topology) -> str:
    writer = topology.writer
    if writer is None or writer.name == wanted.name or writer.name not in topology.instances:
        return ""
    return topology.instances[writer.name].link


def _set(settings: dict[str, Any]) -> list[str]:
    return [part for name, value in settings.items() if value != "" for part in ("--set", f"{name}={value}")]
