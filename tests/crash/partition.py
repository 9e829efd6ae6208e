"""Rounds of a network that parts the writer from the control plane, from storage, or from both, under load; then it heals.

    summary = partition(rounds=10, seed=1)
    summary.problems == []

Each instance, the storage nodes and etcd have a host of their own (a network namespace); a supervisor and endpoints run
beside each instance. Clients write through every endpoint and at every instance's own address, whatever is cut.

    control    the writer's host does not reach etcd and the other hosts; the storage nodes it does
    storage    it does not reach the storage nodes; the rest it does
    alone      neither

Must hold: another becomes writer meanwhile; each epoch has one instance that acknowledges, and none acknowledges what was sent after a newer one did; what
was acknowledged is there, on the writer and on every reader; within `BACK_SECONDS` of healing every endpoint commits.

Not here: one-way cuts, late and lost frames, and many more rounds: the simulator's.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, NamedTuple

from aurorapy.cluster import layout
from aurorapy.cluster.routing import NUMBER_SHIFT
from aurorapy.cluster.supervision import NODE, Wanted
from aurorapy.cluster.topology import CLUSTER, Topology
from tests.support.etcd import Etcd
from tests.support.hosted import ENVIRONMENT, HostedCluster
from tests.support.namespaces import Hosts
from tests.support.pgwire import ConnectionLost, ServerRefused, Wire
from tests.support.server import ROOT

KINDS = ("control", "storage", "alone")
BACK_SECONDS = 10.0
CHANGED_SECONDS = 30.0  # for another writer
WHOLE_SECONDS = 60.0
ANSWER_SECONDS = 20.0  # a statement that is not answered for so long is in doubt, its connection given up
INSTANCES = ("h1", "h2", "h3")
STORAGE, STORE = ("s1", "s2", "s3"), "e"
SCHEMA = "create table acks (client int, number int, epoch text, primary key (client, number))"


class Ack(NamedTuple):
    client: int
    number: int
    instance: int
    epoch: str
    sent: float
    told: float


@dataclass(slots=True)
class Summary:
    """back_s: from healing until every endpoint has committed; whole_s: until all instances serve, one as writer."""

    rounds: int = 0
    acknowledged: int = 0
    changes: int = 0
    problems: list[str] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        back, whole = sorted(self.back_s) or [0.0], sorted(self.whole_s) or [0.0]
        return (
            f"{self.rounds} rounds, {self.acknowledged:,} acknowledged, {self.changes} changes of writer, {len(self.problems)} problems; "
            f"every endpoint commits {back[len(back) // 2]:.2f} s after healing (median), {back[-1]:.2f} s (worst); "
            f"whole after {whole[len(whole) // 2]:.2f} s, {whole[-1]:.2f} s"
        )


class Client:
    """Writes at one address as long as it may; knows the epoch of whoever answers."""

    def __init__(self, number: int, name: str, address: str) -> None:
        self.number, self.name = number, name
        self.acks: list[Ack] = []
        self.problems: list[str] = []
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._count = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._done.set()
        self._thread.join(2 * ANSWER_SECONDS)
        if self._thread.is_alive():
            self.problems.append(f"client {self.number} hangs")

    def _run(self) -> None:
        while not self._done.is_set():
            try:
                with Wire.connect(self._host, self._port, timeout=ANSWER_SECONDS) as wire:
                    self._write(wire)
            except (OSError, ConnectionLost, ServerRefused):
                pass
            self._done.wait(0.1)

    def _write(self, wire: Wire) -> None:
        if wire.query("show transaction_read_only", timeout=ANSWER_SECONDS).rows != [("off",)]:
            return
        epoch = wire.query("select epoch from aurora_volume", timeout=ANSWER_SECONDS).rows[0][0]
        while not self._done.is_set():
            self._count += 1
            sent = time.monotonic()
            reply = wire.query(f"insert into acks values ({self.number}, {self._count}, '{epoch}')", timeout=ANSWER_SECONDS)
            if reply.error:
                if reply.error["C"] not in ("57P01", "58030", "25006", "XX000"):
                    self.problems.append(f"client {self.number}: {reply.error['C']} {reply.error['M']}")
                return
            self.acks.append(Ack(self.number, self._count, wire.pid >> NUMBER_SHIFT, epoch, sent, time.monotonic()))
            self._done.wait(0.01)


class Parted(HostedCluster):
    """Hosts h1, h2, h3 with an instance, a supervisor and endpoints each; nodes that nobody supervises; etcd."""

    def __init__(self, directory: Path, hosts: Hosts, store: str) -> None:
        parts = [f'name = "parted"\nstore = "etcd://{store}/parted"\nsecret_file = "{{secret}}"\nforce_trust = true']
        parts.append('[node_settings]\nhot_log_file_size = "16MB"')
        for number, name in enumerate(INSTANCES):
            parts.append(f'[hosts.{name}]\naddress = "{{{name}}}"\nzone = "{"abc"[number]}"\ntiers = [1]\nendpoints = true')
        for number, name in enumerate(STORAGE):
            parts.append(f'[hosts.{name}]\naddress = "{{{name}}}"\nzone = "{"abc"[number]}"\nnodes = 2')
        super().__init__(directory, hosts, "\n".join(parts), INSTANCES)
        self._nodes: list[subprocess.Popen] = []

    def __enter__(self) -> Parted:
        known = Topology.of({})
        known.cluster.update(self.configuration.cluster)
        known.nodes.update({each.name: each for each in self.configuration.nodes})
        for name, node in known.nodes.items():
            command = layout.command_of(Wanted(name, NODE), known, self.directory / node.host, "", node.host)
            self._nodes.append(self.hosts.run(node.host, command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL))
        super().__enter__()
        return self

    def __exit__(self, kind: object = None, *rest: object) -> None:
        try:
            self.hosts.heal()
            self.stop()
        finally:
            for node in self._nodes:
                node.kill()
                node.wait()
            self._nodes.clear()
        super().__exit__(kind)

    def part(self, kind: str, name: str) -> None:
        """An instance's host from the others of that kind."""
        host = next(each.host for each in self.configuration.instances if each.name == name)
        if kind != "control":
            for other in STORAGE:
                self.hosts.cut(host, other)
        if kind != "storage":
            for other in (STORE, *(each for each in INSTANCES if each != host)):
                self.hosts.cut(host, other)

    def endpoints(self) -> list[str]:
        return [each.name for each in self.configuration.endpoints if each.kind == CLUSTER]

    def clients(self, round_: int) -> list[Client]:
        names = [*(each.name for each in self.configuration.instances), *self.endpoints()] * 2
        return [Client(100 * round_ + number, name, self.address(name)) for number, name in enumerate(names)]


def partition(rounds: int, seed: int, kinds: tuple[str, ...] = KINDS, longest_s: float = 10.0,
              say: Callable[[str], None] = print) -> Summary:  # fmt: skip
    """longest_s: how long it stays parted, once another has become writer where it must."""
    random_, summary = random.Random(seed), Summary()
    with tempfile.TemporaryDirectory(prefix="aurorapy-partition-") as base, Hosts(*INSTANCES, *STORAGE, STORE) as hosts:
        with Etcd(Path(base) / "etcd", hosts.address(STORE), hosts.command(STORE, [])) as etcd:
            with Parted(Path(base) / "c", hosts, etcd.address) as world:
                with world.connect(world.endpoints()[0]) as wire:
                    if error := wire.query(SCHEMA).error:
                        raise RuntimeError(f"cannot prepare: {error}")
                for number in range(1, rounds + 1):
                    kind = kinds[(number - 1) % len(kinds)]
                    problems = _one_round(world, number, kind, random_.uniform(0.5, 1.0) * longest_s, summary)
                    summary.problems += [f"round {number}, {kind}: {problem}" for problem in problems]
                    say(f"round {number}, {kind}: {summary.acknowledged} acknowledged, back after {summary.back_s[-1]:.2f} s, "
                        f"whole after {summary.whole_s[-1]:.2f} s" + "".join(f"\n  {problem}" for problem in problems[:10]))  # fmt: skip
    return summary


def _one_round(world: Parted, number: int, kind: str, parted_s: float, summary: Summary) -> list[str]:
    world.until(world.is_whole, WHOLE_SECONDS)
    old = world.topology().writer
    clients = world.clients(number)
    try:
        time.sleep(1.0)
        world.part(kind, old.name)
        world.until(lambda: world.topology().writer.name != old.name and world.topology().writer.is_open, CHANGED_SECONDS)
        time.sleep(parted_s)
        world.hosts.heal()
        healed = time.monotonic()
        problems = _back(world, clients, healed, summary)
        world.until(world.is_whole, WHOLE_SECONDS)
        summary.whole_s.append(time.monotonic() - healed)
        time.sleep(0.5)
    finally:
        for client in clients:
            client.end()
    acks = [ack for client in clients for ack in client.acks]
    summary.changes += world.topology().writer.number != old.number
    summary.acknowledged += len(acks)
    summary.rounds = number
    return problems + [each for client in clients for each in client.problems] + one_writer(acks) + _all_there(world, number, acks)


def _back(world: Parted, clients: list[Client], healed: float, summary: Summary) -> list[str]:
    """Every endpoint commits again."""

    def first(name: str) -> float:
        """When something sent after healing was told to have committed there."""
        times = [ack.told for client in clients if client.name == name for ack in client.acks if ack.sent > healed]
        return min(times, default=0.0)

    try:
        world.until(lambda: all(map(first, world.endpoints())), WHOLE_SECONDS)
    except AssertionError as error:
        summary.back_s.append(WHOLE_SECONDS)
        return [str(error)]
    summary.back_s.append(max(map(first, world.endpoints())) - healed)
    return [] if summary.back_s[-1] < BACK_SECONDS else [f"back only after {summary.back_s[-1]:.2f} s"]


def one_writer(acks: list[Ack]) -> list[str]:
    """No two instances acknowledge in one epoch, and no older epoch acknowledges what was sent after a newer one had."""
    problems: list[str] = []
    instances: dict[str, int] = {}
    for ack in acks:
        if instances.setdefault(ack.epoch, ack.instance) != ack.instance:
            problems.append(f"epoch {ack.epoch}: i{ack.instance} acknowledges, and i{instances[ack.epoch]}")
    first_told: dict[int, float] = {}
    for ack in sorted(acks, key=lambda each: each.told):
        first_told.setdefault(number_of(ack.epoch), ack.told)
    for ack in acks:
        if any(newer > number_of(ack.epoch) and told < ack.sent for newer, told in first_told.items()):
            problems.append(f"i{ack.instance} acknowledges {ack.client}/{ack.number} in epoch {ack.epoch}, sent after a newer one wrote")
    return problems


def number_of(epoch: str) -> int:
    return int(epoch.partition(".")[0])


def _all_there(world: Parted, round_: int, acks: list[Ack]) -> list[str]:
    """What was acknowledged, on the writer and on every reader; the same on all."""
    question = f"select client, number from acks where client / 100 = {round_} order by 1, 2"
    with world.connect(world.topology().writer.name) as wire:
        rows = wire.query(question).rows
    missing = {(ack.client, ack.number) for ack in acks} - {(int(client), int(number)) for client, number in rows}
    problems = [f"lost: client {client} number {number}" for client, number in sorted(missing)]
    for each in world.configuration.instances:
        deadline = time.monotonic() + 10
        with world.connect(each.name) as wire:
            while (found := wire.query(question).rows) != rows and time.monotonic() < deadline:
                time.sleep(0.05)
        problems += [] if found == rows else [f"{each.name} shows {len(found)} rows, the writer {len(rows)}"]
    return problems
