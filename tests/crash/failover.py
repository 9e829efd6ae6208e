"""Rounds of load through the cluster endpoint and kill -9 of the writer, in a cluster of real processes.

    summary = failover(rounds=50, clients=16, seed=1, readers=2)
    summary.problems == []
    print(summary)      "50 rounds, 81,204 acknowledged, …; first commit after 0.71 s (median), 1.40 s (worst); reader gap 80 ms"

Each round: who is writer dies under load; the clock runs until the endpoint's next connection has committed; the reader that
is not promoted answers on one connection all the while; then the old writer is back as a reader, and everything
acknowledged is there, on the writer and on every reader.

Not here: the load and the ledger (`writers`, `ledger`).
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from tests.crash.ledger import SCHEMA, Ledger
from tests.crash.writers import Writers
from tests.support.cluster import Cluster
from tests.support.pgwire import ConnectionLost, ServerRefused, Wire

SECONDS_TO_COMMIT = 30
NODE_SETTINGS = ("--node-set", "hot_log_file_size=16MB")


@dataclass(slots=True)
class Summary:
    """commit_s: from the kill to the first commit on the new writer. gap_s: the longest between two
    answers of the reader that stays; gap_after_s: when that began, counted from the kill."""

    rounds: int = 0
    acknowledged: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)
    commit_s: list[float] = field(default_factory=list)
    gap_s: list[float] = field(default_factory=list)
    gap_after_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        times, gaps = sorted(self.commit_s) or [0.0], sorted(self.gap_s)
        text = (
            f"{self.rounds} rounds, {self.acknowledged:,} acknowledged, {self.in_doubt:,} in doubt, {len(self.problems)} problems; "
            f"first commit after {times[len(times) // 2]:.2f} s (median), {times[-1]:.2f} s (worst)"
        )
        if gaps:
            text += f"; the other reader's longest gap {gaps[len(gaps) // 2] * 1000:.0f} ms (median), {gaps[-1] * 1000:.0f} ms (worst)"
        return text


class Watcher:
    """Asks one instance the same, on one connection, without a pause."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._wire = Wire.connect(host, int(port))
        self.gap_s = self.gap_at = 0.0  # the longest time between two answers, and when it began
        self.problem = ""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        last = 0.0  # the first answer has a session's beginning in it
        while not self._done.is_set():
            try:
                reply = self._wire.query("select count(*) from branches", timeout=30)
            except (ConnectionLost, OSError) as problem:
                self.problem = f"the reader's connection was lost: {problem}"
                return
            if reply.error:
                self.problem = f"the reader answered {reply.error['C']} {reply.error['M']}"
                return
            now = time.monotonic()
            if last and now - last > self.gap_s:
                self.gap_s, self.gap_at = now - last, last
            last = now
            time.sleep(0.005)

    def end(self) -> None:
        self._done.set()
        self._thread.join()
        self._wire.close()


def failover(rounds: int, clients: int, seed: int, readers: int = 2, longest_s: float = 3.0, planned: bool = False,
             say: Callable[[str], None] = print) -> Summary:  # fmt: skip
    """planned: `aurorapy cluster failover` instead of kill -9."""
    random_, ledger, summary = random.Random(seed), Ledger(), Summary()
    with tempfile.TemporaryDirectory(prefix="aurorapy-failover-") as base:
        with Cluster(Path(base) / "c", "--readers", str(readers), *NODE_SETTINGS) as cluster:
            with cluster.connect("cluster") as wire:
                for statement in (*SCHEMA.split(";"), "create table rounds (number int primary key)"):
                    if error := wire.query(statement).error:
                        raise RuntimeError(f"cannot prepare: {error}")
            for number in range(1, rounds + 1):
                problems = _one_round(cluster, number, clients, random_, longest_s, planned, ledger, summary)
                summary.problems += [f"round {number}: {problem}" for problem in problems]
                summary.acknowledged = len(ledger.acknowledged)
                say(f"round {number}: {summary.acknowledged} acknowledged, first commit {summary.commit_s[-1]:.2f} s"
                    + (f", gap {summary.gap_s[-1] * 1000:.0f} ms, {summary.gap_after_s[-1]:+.2f} s from the kill" if summary.gap_s else "")
                    + "".join(f"\n  {problem}" for problem in problems[:10]))  # fmt: skip
                if len(summary.problems) > 50:
                    break
    return summary


def _one_round(cluster: Cluster, number: int, clients: int, random_: random.Random, longest_s: float, planned: bool,
               ledger: Ledger, summary: Summary) -> list[str]:  # fmt: skip
    status = cluster.status()
    old = status["writer"]
    staying = sorted((each["tier"], each["name"]) for each in status["instances"] if each["role"] == "reader")[1:]
    watcher = Watcher(cluster.address(staying[-1][1])) if staying else None
    writers = Writers(int(cluster.address("cluster").rpartition(":")[2]), clients, ledger, number)
    writers.start()
    time.sleep(random_.uniform(0.2, longest_s))
    began = time.monotonic()
    if planned:
        cluster.run("failover")
    else:
        os.kill(next(each["pid"] for each in status["instances"] if each["name"] == old), signal.SIGKILL)
    summary.commit_s.append(_first_commit(cluster, number, began))
    writers.join()
    problems = list(writers.problems)
    summary.in_doubt += len(ledger.in_doubt)
    cluster.until(lambda: _settled(cluster))
    if watcher is not None:
        watcher.end()
        summary.gap_s.append(watcher.gap_s)
        summary.gap_after_s.append(watcher.gap_at - began)
        problems += [watcher.problem] if watcher.problem else []
    status = cluster.status()
    if len(status["instances"]) > 1 and status["writer"] == old:
        problems.append(f"{old} is the writer still")
    with cluster.connect("cluster") as wire:
        problems += ledger.check(wire)
        expected = _figures(wire)
    problems += _compare_readers(cluster, status, expected)
    summary.rounds = number
    return problems


def _first_commit(cluster: Cluster, number: int, began: float) -> float:
    while True:
        try:
            with cluster.connect("cluster", timeout=SECONDS_TO_COMMIT) as wire:
                error = wire.query(f"insert into rounds values ({number}) on conflict do nothing").error
                if error is None:
                    return time.monotonic() - began
        except (OSError, ConnectionLost, ServerRefused):
            pass
        if time.monotonic() - began > SECONDS_TO_COMMIT:
            raise AssertionError(f"nothing committed within {SECONDS_TO_COMMIT} s\n{cluster.log('control')}")
        time.sleep(0.01)


def _settled(cluster: Cluster) -> bool:
    return cluster.status()["state"] == "running"


def _figures(wire: Wire) -> Any:
    return wire.query("select (select count(*) from history), (select sum(balance) from accounts), (select count(*) from rounds)").rows


def _compare_readers(cluster: Cluster, status: dict[str, Any], expected: Any) -> list[str]:
    """Each reader shows what the writer does, once it has got there."""
    problems = []
    for each in status["instances"]:
        if each["role"] != "reader":
            continue
        host, _, port = each["address"].rpartition(":")
        deadline = time.monotonic() + 10
        with Wire.connect(host, int(port)) as wire:
            while (found := _figures(wire)) != expected and time.monotonic() < deadline:
                time.sleep(0.02)
        if found != expected:
            problems.append(f"{each['name']} shows {found}, not {expected}")
    return problems
