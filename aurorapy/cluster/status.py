"""What `aurorapy cluster status` shows: the store's topology as JSON, or as a picture for people.

    as_json(topology)["endpoints"]["cluster"]        "127.0.0.1:5432"
    as_picture(topology)                             a rich renderable

Not here: asking the store (`command`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.cluster.processes import is_alive
from aurorapy.cluster.topology import RUNNING, Topology


def as_json(topology: Topology) -> dict[str, Any]:
    writer = topology.writer
    return {
        "name": topology.cluster.get("name", ""),
        "state": state(topology),
        "endpoints": {each.name: each.address for each in topology.endpoints.values()},
        "instances": [
            {
                "name": each.name, "role": role(topology, each.name), "tier": each.tier, "address": each.address,
                "pid": pid(topology, each.name), "host": each.host, "open": topology.serves(each.name), **_figures(topology, each.name),
                "metrics": each.metrics,
            }
            for each in sorted(topology.instances.values(), key=lambda each: each.number)
        ],
        "nodes": [
            {"name": each.name, "zone": each.zone, "address": each.address, "pid": pid(topology, each.name), "host": each.host,
             "metrics": each.metrics}
            for each in sorted(topology.nodes.values())
        ],
        "metrics": {f"{kind}-{host}": values[f"{kind}_metrics"] for host, values in topology.cluster.get("hosts", {}).items()
                    for kind in ("supervisor", "endpoint") if f"{kind}_metrics" in values},
        "writer": writer.name if writer is not None else "",
        "epoch": writer.epoch[0] if writer is not None else 0,
        "vdl": max((each.vdl for each in topology.reports.values()), default=0),
    }  # fmt: skip


def role(topology: Topology, name: str) -> str:
    return "writer" if topology.is_writer(name) else "reader"


def pid(topology: Topology, name: str) -> int:
    """0 where nothing runs, as far as this host can see."""
    process = topology.processes.get(name)
    if process is None or process.state != RUNNING:
        return 0
    if process.host == _own_host(topology) and not is_alive(process.pid, process.born):
        return 0
    return process.pid


def _own_host(topology: Topology) -> str:
    hosts = topology.cluster.get("hosts", {})
    return next(iter(hosts)) if len(hosts) == 1 else ""


def state(topology: Topology) -> str:
    """running, changing (the writer), stopped, or degraded: something that shall run does not."""
    names = [*topology.nodes, *topology.instances]
    up = [name for name in names if pid(topology, name)]
    if not up:
        return "stopped"
    if topology.writer is None or not topology.writer.is_open:
        return "changing"
    return "running" if len(up) == len(names) and all(map(topology.serves, topology.instances)) else "degraded"


def _figures(topology: Topology, name: str) -> dict[str, Any]:
    report = topology.reports.get(name)
    if report is None or not report.alive:
        return {"vdl": 0, "lag_ms": None, "sessions": 0, "waits": False}
    return {"vdl": report.vdl, "lag_ms": report.lag_us / 1000, "sessions": report.sessions, "waits": report.waits}


# -- for people --------------------------------------------------------------------------------------------------------


def as_picture(topology: Topology) -> Any:
    from rich.console import Group
    from rich.text import Text

    data = as_json(topology)
    head = Text.assemble(
        (data["name"], "bold"), "  ", (data["state"], _COLOURS.get(data["state"], "yellow")),
        f"   epoch {data['epoch']}   vdl {data['vdl']:#x}",
    )  # fmt: skip
    return Group(head, _instances(data), _nodes(topology, data), _endpoints(topology, data))


_COLOURS = {"running": "green", "stopped": "red", True: "green", False: "red"}


def _table(*columns: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("tier", "pid", "lag", "clients", "vdl") else "left")
    return table


def _instances(data: dict[str, Any]) -> Any:
    table = _table("name", "role", "tier", "address", "pid", "state", "lag", "clients", "vdl")
    for each in data["instances"]:
        lag = "" if each["role"] == "writer" or each["lag_ms"] is None else f"{each['lag_ms']:.1f} ms"
        word = "waits for storage" if each["waits"] else "open" if each["open"] else "starting" if each["pid"] else "down"
        table.add_row(
            each["name"], f"[bold]{each['role']}[/]" if each["role"] == "writer" else each["role"], str(each["tier"]),
            each["address"], str(each["pid"] or "-"), f"[{_COLOURS[each['open']]}]{word}[/]", lag, str(each["sessions"]),
            f"{each['vdl']:#x}",
        )  # fmt: skip
    return table


def _nodes(topology: Topology, data: dict[str, Any]) -> Any:
    """A row a zone, and whether writes and reads have their quorum."""
    zones: dict[str, list[str]] = {}
    for each in data["nodes"]:
        up = bool(each["pid"])
        zones.setdefault(each["zone"], []).append(f"[{_COLOURS[up]}]{'●' if up else '○'}[/] {each['name']} {each['address']}")
    table = _table("zone", f"nodes ({_quorum(topology, data)})")
    for zone, nodes in sorted(zones.items()):
        table.add_row(zone, "   ".join(nodes))
    return table


def _quorum(topology: Topology, data: dict[str, Any]) -> str:
    full, _, tails = str(topology.cluster.get("copies", "1")).partition("+")
    copies = int(full) + int(tails or 0)
    up, total = sum(bool(each["pid"]) for each in data["nodes"]), len(data["nodes"])
    write, read = copies // 2 + 1, (copies + 1) // 2
    lost = total - up
    word = "writes and reads" if copies - lost >= write else "reads only" if copies - lost >= read else "no quorum"
    return f"{up} of {total} up: {word}"


def _endpoints(topology: Topology, data: dict[str, Any]) -> Any:
    from aurorapy.cluster.routing import candidates

    table = _table("endpoint", "kind", "address", "leads to")
    for each in topology.endpoints.values():
        kind = each.kind if each.kind != "custom" else f"custom {each.type}"
        table.add_row(each.name, kind, each.address, " ".join(one.name for one in candidates(each, topology)) or "-")
    return table
