"""`aurorapy cluster …`: every command with --data DIR, where the state store and the processes' directories are.

    start       makes the cluster if it is new, starts it in the background, returns when every endpoint answers
                (--foreground: stays, and ends with it)
    stop        ends every process of this host
    status      a picture, or --json; --watch: a live one
    failover, add-reader, remove, add-node, replace-node, endpoint create|modify|delete|list

Several hosts: each runs `start --config FILE --host-name NAME`; the file names the store (etcd) and who lives where. With
--password-file, whichever host is first has the superuser's password for all.

Errors: a line on stderr and exit status 1; 2 for a command line that says nothing sensible.

Not here: what the commands change (`changes`), the processes themselves (`supervisor`, `endpoint`).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, Callable

from aurorapy.cluster import changes, layout, processes
from aurorapy.cluster.store import ABSENT, Conflict, Store, StoreError, open_store
from aurorapy.cluster.topology import Topology, Writer, as_value, writer_value
from aurorapy.config import assignments

READY_SECONDS = 60.0
STOP_SECONDS = 40.0
NODE_SECONDS = 30.0  # for a storage node to start
LEFT_SECONDS = 10.0  # for those that a supervisor left behind
LOCAL = "local"  # the one host of a cluster on one machine


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (changes.Refused, StoreError, ValueError, OSError) as error:
        print(f"aurorapy cluster: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="aurorapy cluster", description="A writer, readers and storage nodes under one supervisor.")
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[[Any], int], help_: str, within: Any = commands) -> argparse.ArgumentParser:
        found = within.add_parser(name, help=help_)
        found.add_argument("--data", default="cluster", help="directory of the cluster on this host (default: ./cluster)")
        found.add_argument("--store", help="state store, sqlite:PATH or etcd://HOST:PORT/NAME (default: in the directory)")
        found.add_argument("--host-name", default=LOCAL, help="which host of the configuration this is")
        found.set_defaults(run=run)
        return found

    begin = command("start", start, "start the cluster, made if it is new")
    begin.add_argument("--port", type=int, default=5432, help="of the cluster endpoint; the reader endpoint has the next")
    begin.add_argument("--address", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    begin.add_argument("--zones", type=int, default=3)
    begin.add_argument("--readers", type=int, help=f"how many (default: {READERS_DEFAULT})")
    begin.add_argument(
        "--tiers", type=_tiers, metavar="N,N,…",
        help="promotion tier of each instance, 0 (first) to 15, the writer's first (default: 1,1,2,3,…). Cluster cache "
        "management keeps the cache of the one other instance of tier 0 like the writer's: --tiers 0,0,1 --set apg_ccm_enabled=on",
    )  # fmt: skip
    begin.add_argument("--copies", default="6", choices=layout.COPIES)
    begin.add_argument("--name", default="aurora", help="of the cluster")
    begin.add_argument("--user", default="postgres", help="superuser of a new cluster")
    begin.add_argument("--password-file", help="file with that superuser's password; clients then need it")
    begin.add_argument("--local-write-forwarding", action="store_true", help="readers take writes and pass them on to the writer")
    begin.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one setting of every instance")
    begin.add_argument("--node-set", action="append", default=[], metavar="NAME=VALUE", help="one setting of every storage node")
    begin.add_argument("--config", help="TOML file with the hosts of the cluster and who lives where")
    begin.add_argument("--foreground", action="store_true", help="stay; the cluster ends with this process")
    command("supervise", supervise, "what start runs in the background")
    command("stop", stop, "end every process of this host")
    show = command("status", status, "what runs, and how it is")
    show.add_argument("--json", action="store_true")
    show.add_argument("--watch", action="store_true", help="go on showing it")
    change = command("failover", failover, "make another instance the writer, losing nothing")
    change.add_argument("--to", default="", metavar="NAME")
    reader = command("add-reader", add_reader, "one more reader; copies no data")
    reader.add_argument("--tier", type=int, default=1, help="promotion tier, 0 (first) to 15 (default: 1)")
    reader.add_argument("--on", default="", metavar="HOST")
    command("remove", remove, "a reader goes").add_argument("name")
    node = command("add-node", add_node, "one more storage node")
    node.add_argument("--zone", default="")
    node.add_argument("--on", default="", metavar="HOST")
    other = command("replace-node", replace_node, "a new storage node of the same zone takes over all copies of another")
    other.add_argument("name")
    other.add_argument("--on", default="", metavar="HOST")
    other.add_argument("--seconds", type=float, default=3600.0, help="how long it may take")
    _endpoint_commands(command("endpoint", lambda options: 2, "custom endpoints"), command)
    return top


READERS_DEFAULT = 2


def _endpoint_commands(top: argparse.ArgumentParser, command: Any) -> None:
    commands = top.add_subparsers(dest="endpoint_command", required=True)
    create = command("create", create_endpoint, "a new custom endpoint", commands)
    modify = command("modify", modify_endpoint, "change one while it is used", commands)
    delete = command("delete", delete_endpoint, "end one", commands)
    for each in (create, modify, delete):
        each.add_argument("name")
    create.add_argument("--type", default="READER", choices=changes.TYPES)
    modify.add_argument("--type", choices=changes.TYPES)
    for each in (create, modify):
        each.add_argument("--static", type=_names, metavar="NAME,…", help="lead to these instances")
        each.add_argument("--excluded", type=_names, metavar="NAME,…", help="lead to all but these")
    command("list", list_endpoints, "every endpoint", commands)


def _tiers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


# -- where -------------------------------------------------------------------------------------------------------------


def _url(options: Any) -> str:
    """What --store says, or what start was told, or the file in the directory."""
    if options.store:
        return options.store
    note = Path(options.data) / "store"
    if note.exists():
        return note.read_text().strip()
    return f"sqlite:{Path(options.data).resolve() / 'control.sqlite'}"


def _open(options: Any) -> Store:
    url = _url(options)
    if url.startswith("sqlite:") and not Path(url.partition(":")[2]).exists():
        raise changes.Refused(f"there is no cluster in {options.data}")
    return open_store(url)


def _topology(store: Store) -> Topology:
    return Topology.of(store.list())


def _supervisor(data: Path) -> processes.Noted | None:
    return next((each for each in processes.running(data) if each.kind == processes.SUPERVISOR), None)


# -- start and stop ----------------------------------------------------------------------------------------------------


def start(options: Any) -> int:
    data = Path(options.data).resolve()
    data.mkdir(parents=True, exist_ok=True)
    if options.config:
        from aurorapy.cluster.configuration import read

        configuration = read(Path(options.config))
        options.store = options.store or configuration.store
    else:
        configuration = None
    url = _url(options)
    (data / "store").write_text(url + "\n")
    store = open_store(url)
    if _supervisor(data) is not None:
        raise changes.Refused(f"the cluster in {data} is running already")
    if store.get("cluster") is None:
        _make(store, options, data, configuration)
    if options.foreground:
        _say_where(_topology(store))
        return _supervise(url, options.host_name, data)
    log = data / "log" / "control.log"
    command = [sys.executable, "-m", "aurorapy", "cluster", "supervise", "--data", str(data), "--store", url, "--host-name", options.host_name]
    child = processes.spawn(command, log)
    if not _until_ready(store, child, options.host_name):
        print(f"aurorapy cluster: not ready after {READY_SECONDS:g} s, see {log.parent}", file=sys.stderr)
        return 1
    _say_where(_topology(store))
    return 0


def _make(store: Store, options: Any, data: Path, configuration: Any) -> None:
    """Whoever comes first makes it; `cluster` last, so that half of one is made again."""
    secret = data / "secret"
    if configuration is None:
        if not secret.exists():
            with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        ports = layout.Ports(options.address, options.port)
        endpoints = layout.endpoints_of(LOCAL, ports)
        instances = layout.instances_of(_tiers_of(options), LOCAL, ports)
        nodes = layout.nodes_of(options.zones, options.copies, LOCAL, ports)
        host = {"address": options.address}
        for number, process in enumerate(("supervisor", "endpoint")):
            host[f"{process}_metrics"] = ports.address(layout.METRICS_PORTS + 40 + number)
        forwarding = {"local_write_forwarding": "on"} if options.local_write_forwarding else {}
        cluster = {
            "name": options.name, "copies": options.copies, "secret_file": str(secret), "port": options.port, "user": options.user,
            "hosts": {LOCAL: host}, "settings": forwarding | assignments(options.set), "node_settings": assignments(options.node_set),
        }  # fmt: skip
    else:
        endpoints, instances, nodes, cluster = configuration.endpoints, configuration.instances, configuration.nodes, configuration.cluster
    if options.password_file:
        cluster["verifier"] = _verifier(Path(options.password_file))
        cluster["settings"] = {"auth_method": "scram-sha-256", **cluster["settings"]}
    for folder, values in (("nodes", nodes), ("instances", instances), ("endpoints", endpoints)):
        for each in values:
            store.put(f"{folder}/{each.name}", as_value(each))
    store.put("writer", writer_value(Writer(instances[0].name, 1)))
    try:
        store.put("cluster", cluster, ABSENT)
    except Conflict:
        pass


def _tiers_of(options: Any) -> tuple[int, ...]:
    """The writer's and each reader's."""
    if options.tiers is None:
        return layout.tiers_of(READERS_DEFAULT if options.readers is None else options.readers)
    if options.readers not in (None, len(options.tiers) - 1):
        raise ValueError(f"--tiers names {len(options.tiers)} instances, a writer and {options.readers} readers are {options.readers + 1}")
    return options.tiers


def _verifier(password_file: Path) -> str:
    from aurorapy.wire.scram import make_verifier

    return str(make_verifier(password_file.read_text().rstrip("\n"), secrets.token_bytes(16), 4096))


def _until_ready(store: Store, child: processes.Child, host: str) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        topology = _topology(store)
        if _is_ready(topology, host):
            return True
        if not processes.is_alive(child.pid, child.born):
            return False
        time.sleep(0.05)
    return False


def _is_ready(topology: Topology, host: str) -> bool:
    instances = [each for each in topology.instances.values() if each.host == host]
    if topology.writer is None or not topology.writer.is_open or not all(topology.serves(each.name) for each in instances):
        return False
    return all(_answers(each.address) for each in topology.endpoints.values() if each.host == host)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1):
            return True
    except OSError:
        return False


def _say_where(topology: Topology) -> None:
    user = topology.cluster.get("user", "postgres")
    for each in topology.endpoints.values():
        host, _, port = each.address.rpartition(":")
        print(f"{each.name + ':':<10} psql -h {host} -p {port} -U {user} postgres", flush=True)


def supervise(options: Any) -> int:
    return _supervise(_url(options), options.host_name, Path(options.data).resolve())


def _supervise(url: str, host: str, data: Path) -> int:
    from aurorapy.cluster.supervisor import supervise as run

    return run(url, host, data)


def stop(options: Any) -> int:
    """Also where the supervisor has died and left its processes, and where the store cannot be reached."""
    data = Path(options.data).resolve()
    found = processes.running(data)
    if not found:
        print(f"aurorapy cluster: nothing runs in {options.data}", file=sys.stderr)
        return 1
    for kinds, how, seconds in (
        ((processes.SUPERVISOR,), signal.SIGTERM, STOP_SECONDS),
        (("endpoint", "instance"), signal.SIGINT, LEFT_SECONDS),
        (("node",), signal.SIGTERM, LEFT_SECONDS),
    ):
        left = [each for each in found if each.kind in kinds]
        for number, wait_s in ((how, seconds), (signal.SIGKILL, LEFT_SECONDS)):
            for each in left:
                each.signal(number)
            if _until(lambda: not any(each.is_alive for each in left), wait_s):
                break
        if kinds == (processes.SUPERVISOR,):
            found = processes.running(data) or found  # it may have started something meanwhile
    return 0


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# -- the others --------------------------------------------------------------------------------------------------------


def status(options: Any) -> int:
    from aurorapy.cluster import status as pictures

    store = _open(options)
    if options.json:
        print(json.dumps(pictures.as_json(_topology(store)), indent=2))
        return 0
    from rich.console import Console
    from rich.live import Live

    console = Console()
    if not options.watch:
        console.print(pictures.as_picture(_topology(store)))
        return 0
    try:
        with Live(pictures.as_picture(_topology(store)), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(0.5)
                live.update(pictures.as_picture(_topology(store)), refresh=True)
    except KeyboardInterrupt:
        return 0


def failover(options: Any) -> int:
    print(changes.failover(_open(options), options.to, wait_s=30))
    return 0


def add_reader(options: Any) -> int:
    store = _open(options)
    instance = changes.add_reader(store, options.tier, options.on)
    if not _until(lambda: _topology(store).serves(instance.name), READY_SECONDS):
        raise changes.Refused(f"{instance.name} does not serve yet")
    print(f"{instance.name} at {instance.address}")
    return 0


def remove(options: Any) -> int:
    store = _open(options)
    before = _topology(store).processes.get(options.name)
    what = changes.remove(store, options.name)
    if before is not None:
        _until(lambda: not processes.is_alive(before.pid, before.born), STOP_SECONDS)
    print(f"removed {what}")
    return 0


def add_node(options: Any) -> int:
    store = _open(options)
    node = _started_node(store, options.zone, options.on)
    try:
        changes.told_writer(store, "add", "", node, NODE_SECONDS)
    except changes.Refused:
        changes.forget_node(store, node.name)
        raise
    print(f"{node.name} in zone {node.zone} at {node.address}: new protection groups may live there")
    return 0


def replace_node(options: Any) -> int:
    store = _open(options)
    node = _started_node(store, changes.zone_of(store, options.name), options.on)
    copies = changes.replace_node(store, options.name, node, options.seconds)
    print(f"{node.name} at {node.address} has taken over {copies} copies of {options.name}")
    return 0


def _started_node(store: Store, zone: str, on: str) -> Any:
    node = changes.add_node(store, zone, on)
    if not _until(lambda: _answers(node.address), NODE_SECONDS):
        changes.forget_node(store, node.name)
        raise changes.Refused(f"{node.name} does not start, see its log")
    return node


def create_endpoint(options: Any) -> int:
    endpoint = changes.create_endpoint(_open(options), options.name, options.type, options.static or (), options.excluded or ())
    _until(lambda: _answers(endpoint.address), 5.0)
    print(f"{endpoint.name} at {endpoint.address}")
    return 0


def modify_endpoint(options: Any) -> int:
    changes.modify_endpoint(_open(options), options.name, options.type, options.static, options.excluded)
    return 0


def delete_endpoint(options: Any) -> int:
    changes.delete_endpoint(_open(options), options.name)
    return 0


def list_endpoints(options: Any) -> int:
    for each in _topology(_open(options)).endpoints.values():
        members = f" static {','.join(each.static)}" if each.static else f" excluded {','.join(each.excluded)}" if each.excluded else ""
        print(f"{each.name:<20} {each.kind:<8} {each.address:<22} {each.type if each.kind == 'custom' else ''}{members}")
    return 0
