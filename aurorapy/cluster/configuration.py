"""A cluster on several hosts, as a TOML file that is the same on each: who lives where.

    name = "shop"
    store = "etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379/shop"
    secret_file = "/etc/aurorapy/secret"        # the same bytes on every host

    [hosts.h1]
    address = "10.0.0.1"
    zone = "a"
    nodes = 2                                   # storage nodes here
    tiers = [0]                                 # an instance here for each: its promotion tier
    endpoints = true                            # clients may come here

Ports are as on one host: endpoints at `port` and the next, and so on (`layout`). The first instance of the file is the first
writer. What the file says counts when the cluster is made; later changes are commands (`changes`).

Errors: ValueError for a file that does not say what it must, OSError for none.

Not here: starting anything.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from aurorapy.cluster.layout import COPIES, INSTANCE_PORTS, LINK_PORTS, METRICS_PORTS, NODE_PORTS
from aurorapy.cluster.topology import CLUSTER, READER, Endpoint, Instance, Node

REQUIRED = ("store", "secret_file", "hosts")


class Configuration(NamedTuple):
    store: str
    cluster: dict[str, Any]
    nodes: list[Node]
    instances: list[Instance]
    endpoints: list[Endpoint]


def read(path: Path) -> Configuration:
    content = tomllib.loads(path.read_text())
    if missing := [name for name in REQUIRED if name not in content]:
        raise ValueError(f"{path} does not say {', '.join(missing)}")
    port, copies = content.get("port", 5432), str(content.get("copies", "6"))
    if copies not in COPIES:
        raise ValueError(f"copies is one of {', '.join(COPIES)}")
    nodes: list[Node] = []
    instances: list[Instance] = []
    endpoints: list[Endpoint] = []
    hosts: dict[str, dict[str, str]] = {}
    for name, host in content["hosts"].items():
        if missing := [key for key in ("address", "zone") if key not in host]:
            raise ValueError(f"host {name} in {path} does not say {', '.join(missing)}")
        address = host["address"]
        hosts[name] = {
            "address": address,
            "supervisor_metrics": f"{address}:{port + METRICS_PORTS + 40}",
            "endpoint_metrics": f"{address}:{port + METRICS_PORTS + 41}",
        }
        nodes += _nodes(name, host, port, nodes)
        instances += _instances(name, host, port, len(instances))
        if host.get("endpoints"):
            suffix = f"-{name}" if endpoints else ""
            endpoints.append(Endpoint(f"cluster{suffix}", CLUSTER, name, f"{address}:{port}"))
            endpoints.append(Endpoint(f"reader{suffix}", READER, name, f"{address}:{port + 1}"))
    if not instances or not nodes:
        raise ValueError(f"{path} has no instance or no storage node")
    cluster = {
        "name": content.get("name", "aurora"), "copies": copies, "secret_file": content["secret_file"], "port": port,
        "user": content.get("user", "postgres"), "hosts": hosts, "force_trust": bool(content.get("force_trust")),
        "settings": content.get("settings", {}), "node_settings": content.get("node_settings", {}),
    }  # fmt: skip
    return Configuration(content["store"], cluster, nodes, instances, endpoints)


def _nodes(name: str, host: dict[str, Any], port: int, others: list[Node]) -> list[Node]:
    zone, address = host["zone"], host["address"]
    first = sum(each.zone == zone for each in others) + 1
    return [
        Node(f"{zone}{first + at}", zone, name, f"{address}:{port + NODE_PORTS + at}", f"{address}:{port + METRICS_PORTS + 20 + at}")
        for at in range(host.get("nodes", 0))
    ]


def _instances(name: str, host: dict[str, Any], port: int, before: int) -> list[Instance]:
    address = host["address"]
    found = []
    for number, tier in enumerate(host.get("tiers", []), before + 1):
        places = [f"{address}:{port + base + number}" for base in (INSTANCE_PORTS, LINK_PORTS, METRICS_PORTS)]
        found.append(Instance(f"i{number}", number, tier, name, *places))
    return found
