"""Changes of what shall exist, as writes to the store; supervisors, leader and endpoints follow.

    add_reader(store, tier=2)            → Instance(i4)            started within a second, nothing is copied
    remove(store, "i3")                                            an instance, or a node that holds nothing
    add_node(store, zone="b")            → Node(b3)                started; then told_writer(store, "add", "", node)
    create_endpoint(store, "reports", "READER", static=("i3",))    modify_endpoint, delete_endpoint
    failover(store, "i2", wait_s=30)     asks the leader           → "i2 is the writer"

Errors: Refused with a text for people.

Not here: the command line (`command`), carrying anything out.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from aurorapy.cluster.asking import NoAnswer, ask_once
from aurorapy.cluster.layout import CUSTOM_PORTS, METRICS_PORTS, NODE_PORTS, READERS_MAX, TIER_MAX, Ports, instance_of, taken_addresses
from aurorapy.cluster.store import ABSENT, Conflict, Store
from aurorapy.cluster.topology import CUSTOM, Endpoint, Instance, Node, Topology, as_value
from aurorapy.instance import messages as im

NUMBER_MAX = 511  # what the high bits of a pid hold
CUSTOM_MAX = 5  # custom endpoints of a cluster, as Aurora has it
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
TYPES = ("READER", "ANY")


class Refused(Exception):
    """The change is not possible; the text says why."""


def add_reader(store: Store, tier: int, host: str = "") -> Instance:
    topology = Topology.of(store.list())
    if not 0 <= tier <= TIER_MAX:
        raise Refused(f"a promotion tier is between 0 and {TIER_MAX}")
    if len(topology.instances) > READERS_MAX:
        raise Refused(f"a cluster has at most {READERS_MAX} readers")
    used = {each.number for each in topology.instances.values()}
    number = next(number for number in range(1, NUMBER_MAX + 1) if number not in used and f"i{number}" not in topology.instances)
    host = host or _only_host(topology)
    instance = instance_of(number, tier, host, _ports(topology, host))
    _create(store, f"instances/{instance.name}", instance)
    return instance


def remove(store: Store, name: str) -> str:
    """Says what was removed."""
    topology = Topology.of(store.list())
    if name in topology.instances:
        if topology.is_writer(name):
            raise Refused(f"{name} is the writer: fail over to another instance first")
        store.delete(f"instances/{name}")
        for folder in ("processes", "reports"):
            store.delete(f"{folder}/{name}")
        return f"instance {name}"
    if name in topology.nodes:
        raise Refused(f"{name} is a storage node with copies on it: replace it instead")
    raise Refused(f"there is no instance {name}")


def add_node(store: Store, zone: str, host: str = "") -> Node:
    topology = Topology.of(store.list())
    zone = zone or _smallest_zone(topology)
    number = next(number for number in range(1, 1000) if f"{zone}{number}" not in topology.nodes)
    host = host or _only_host(topology)
    ports = _ports(topology, host)
    count = len(topology.nodes)
    node = Node(f"{zone}{number}", zone, host, ports.address(NODE_PORTS + count), ports.address(METRICS_PORTS + 20 + count))
    _create(store, f"nodes/{node.name}", node)
    return node


def told_writer(store: Store, what: str, leaves: str, node: Node, wait_s: float) -> int:
    """The writer lets the node take part, or moves everything from another onto it; how many copies were moved."""
    topology = Topology.of(store.list())
    writer = topology.writer
    if writer is None or not writer.is_open:
        raise Refused("there is no writer now")
    with open(topology.cluster["secret_file"], "rb") as file:
        secret = file.read().strip()
    try:
        answer = ask_once(topology.instances[writer.name].link, secret, im.ChangeNodes(what, leaves, node.place()), wait_s)
    except NoAnswer as error:
        raise Refused(str(error)) from None
    if isinstance(answer, im.Failed):
        raise Refused(answer.text)
    return answer.copies


def replace_node(store: Store, leaves: str, node: Node, wait_s: float) -> int:
    """`node` runs. Everything on the other moves there; then the other is no part of the cluster."""
    copies = told_writer(store, "replace", leaves, node, wait_s)
    store.delete(f"nodes/{leaves}")
    store.delete(f"processes/{leaves}")
    return copies


def zone_of(store: Store, name: str) -> str:
    nodes = Topology.of(store.list()).nodes
    if name not in nodes:
        raise Refused(f"there is no storage node {name}")
    return nodes[name].zone


def forget_node(store: Store, name: str) -> None:
    """One that never took part."""
    store.delete(f"nodes/{name}")
    store.delete(f"processes/{name}")


def create_endpoint(store: Store, name: str, type_: str, static: tuple[str, ...], excluded: tuple[str, ...], host: str = "") -> Endpoint:
    topology = Topology.of(store.list())
    if not NAME.fullmatch(name):
        raise Refused("the name of an endpoint has lower-case letters, digits and hyphens, 63 at most, and begins with a letter")
    if name in topology.endpoints:
        raise Refused(f"there is an endpoint {name} already")
    if sum(each.kind == CUSTOM for each in topology.endpoints.values()) >= CUSTOM_MAX:
        raise Refused(f"a cluster has at most {CUSTOM_MAX} custom endpoints")
    _check_members(topology, type_, static, excluded)
    host = host or _only_host(topology)
    used = sum(each.kind == CUSTOM for each in topology.endpoints.values())
    address = _ports(topology, host).address(CUSTOM_PORTS + used)
    endpoint = Endpoint(name, CUSTOM, host, address, type_, static, excluded)
    _create(store, f"endpoints/{name}", endpoint)
    return endpoint


def modify_endpoint(store: Store, name: str, type_: str | None, static: tuple[str, ...] | None, excluded: tuple[str, ...] | None) -> Endpoint:
    """None leaves it; giving one kind of members ends the other."""
    entry, endpoint = _custom_endpoint(store, name)
    changed = endpoint._replace(type=type_ or endpoint.type)
    if static is not None or excluded is not None:
        changed = changed._replace(static=static or (), excluded=excluded or ())
    _check_members(Topology.of(store.list()), changed.type, changed.static, changed.excluded)
    try:
        store.put(f"endpoints/{name}", as_value(changed), entry)
    except Conflict:
        raise Refused(f"{name} is being changed by somebody else") from None
    return changed


def delete_endpoint(store: Store, name: str) -> None:
    _custom_endpoint(store, name)
    store.delete(f"endpoints/{name}")


def failover(store: Store, target: str, wait_s: float) -> str:
    """Waits for the leader's answer."""
    request = f"{time.time_ns():x}-{secrets.token_hex(4)}"
    store.put(f"requests/{request}", {"what": "failover", "to": target}, ABSENT)
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        answer = store.get(f"answers/{request}")
        if answer is not None:
            store.delete(f"answers/{request}")
            if answer.value["error"]:
                raise Refused(answer.value["error"])
            return answer.value["text"]
        time.sleep(0.05)
    store.delete(f"requests/{request}")
    raise Refused(f"nobody answered within {wait_s:g} s: is the cluster running?")


# -- what they share ---------------------------------------------------------------------------------------------------


def _create(store: Store, key: str, value: Any) -> None:
    try:
        store.put(key, as_value(value), ABSENT)
    except Conflict:
        raise Refused(f"{key} has been made by somebody else meanwhile") from None


def _custom_endpoint(store: Store, name: str) -> tuple[int, Endpoint]:
    """Its revision, and it."""
    entry = store.get(f"endpoints/{name}")
    endpoint = Topology.of(store.list()).endpoints.get(name)
    if entry is None or endpoint is None:
        raise Refused(f"there is no endpoint {name}")
    if endpoint.kind != CUSTOM:
        raise Refused(f"{name} is not a custom endpoint")
    return entry.revision, endpoint


def _check_members(topology: Topology, type_: str, static: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    if type_ not in TYPES:
        raise Refused(f"the type of a custom endpoint is {' or '.join(TYPES)}")
    if static and excluded:
        raise Refused("a custom endpoint has static members or excluded ones, not both")
    unknown = [name for name in (*static, *excluded) if name not in topology.instances]
    if unknown:
        raise Refused(f"there is no instance {', '.join(unknown)}")


def _only_host(topology: Topology) -> str:
    hosts = topology.cluster.get("hosts", {})
    if len(hosts) != 1:
        raise Refused(f"say on which host, with --on: {', '.join(sorted(hosts)) or 'none is known'}")
    return next(iter(hosts))


def _ports(topology: Topology, host: str) -> Ports:
    hosts = topology.cluster.get("hosts", {})
    if host not in hosts:
        raise Refused(f"there is no host {host}")
    return Ports(hosts[host]["address"], topology.cluster["port"], taken_addresses(topology))


def _smallest_zone(topology: Topology) -> str:
    counts: dict[str, int] = {}
    for node in topology.nodes.values():
        counts[node.zone] = counts.get(node.zone, 0) + 1
    return min(counts, key=lambda zone: (counts[zone], zone))
