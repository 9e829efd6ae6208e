"""One process a host: starts what the store says shall run here, watches it, and leads when it holds the lease.

    store changed, a pidfd readable, 50 ms gone ──▶ supervision.step ──▶ processes started and ended
                                                 ──▶ processes/NAME in the store: pid, state, role
                                                 ──▶ leader

A supervisor that is killed leaves its processes running; the next one finds them by pid and start time. SIGTERM and SIGINT
end everything of this host, clients' side first: endpoint, instances, nodes.

Errors: what could not be started is logged and tried again; a store that does not answer is waited for, and what runs goes
on running.

Not here: which processes (`supervision`), their command lines (`layout`), who becomes writer (`leader`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from aurorapy.cluster import processes
from aurorapy.cluster.layout import command_of
from aurorapy.cluster.leader import LeaderWork
from aurorapy.cluster.metrics import supervisor_figures
from aurorapy.cluster.mirror import Mirror
from aurorapy.cluster.supervision import ENDPOINT, INSTANCE, NODE, Start, Stop, Supervision, Wanted
from aurorapy.cluster.topology import GONE, PROMOTE, RUNNING, Process, Topology, as_value
from aurorapy.host.exposition import Exposition, Figure
from aurorapy.host.network import RealNetwork
from aurorapy.host.real import RealRandomness, new_event_loop

TICK_SECONDS = 0.05
END_SECONDS = {ENDPOINT: 2.0, INSTANCE: 10.0, NODE: 10.0}  # then it is killed
END_SIGNALS = {ENDPOINT: signal.SIGTERM, INSTANCE: signal.SIGINT, NODE: signal.SIGTERM}


class Supervisor:
    def __init__(self, loop: Any, store: str, host: str, data: Path) -> None:
        self._loop, self._store, self._host, self._data = loop, store, host, data
        self._supervision = Supervision(host)
        self._children: dict[str, processes.Child] = {}
        self._mirror = Mirror(loop, store, self._changed)
        self._leader: LeaderWork | None = None
        self._ended_so_far = 0
        self._adopted = False
        self._stopping = False
        self._gone = asyncio.Event()  # set whenever a process has ended

    async def run(self) -> int:
        stop = self._loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
        while not stop.done():
            self._tick()
            await asyncio.wait({stop}, timeout=TICK_SECONDS)
        await self._stop()
        return 0

    # -- the store -----------------------------------------------------------------------------------------------------
    def _changed(self, topology: Topology) -> None:
        if not topology.cluster or self._stopping:
            return
        if not self._adopted:
            self._adopted = True
            self._take_over(topology)
        writer = topology.writer
        if writer is not None and writer.how == PROMOTE and writer.is_open:
            self._now_writer(writer.name, writer.number)
        self._step()
        if self._leader is not None:
            self._leader.changed(topology)

    def _take_over(self, topology: Topology) -> None:
        """What an earlier supervisor of this host left: running, or gone."""
        now = self._loop.time()
        for process in topology.processes.values():
            if process.host != self._host:
                continue
            wanted = Wanted(process.name, process.kind, process.role, process.number)
            child = processes.adopt(process.pid, process.born) if process.state == RUNNING else None
            self._supervision.started(wanted, now)
            if child is None:
                self._supervision.ended(process.name, now)
                self._mirror.tell(f"processes/{process.name}", as_value(process._replace(state=GONE)))
            else:
                self._watch(process.name, child)
        with open(topology.cluster["secret_file"], "rb") as file:
            secret = file.read().strip()
        network = RealNetwork(self._loop, RealRandomness(), secret)
        self._leader = LeaderWork(self._loop, self._mirror, self._host, network, self._log)
        if metrics := topology.cluster.get("hosts", {}).get(self._host, {}).get("supervisor_metrics", ""):
            Exposition(self._loop, metrics, self._figures).start()
        self._mirror.tell(f"supervisors/{self._host}", {"pid": os.getpid(), "data": str(self._data)})
        self._note_running()

    def _figures(self) -> list[Figure]:
        leads = self._leader is not None and self._leader.lease.held(self._loop.time())
        return supervisor_figures(len(self._children), self._ended_so_far, leads, self._mirror.topology)

    def _now_writer(self, name: str, number: int) -> None:
        running = self._supervision.running.get(name)
        if running is not None and running.role != "writer":
            self._supervision.promoted(name)
            self._tell(self._supervision.running[name]._replace(number=number))

    def _tick(self) -> None:
        if self._leader is not None:
            self._leader.tick()
        self._step()

    # -- processes -----------------------------------------------------------------------------------------------------
    def _step(self) -> None:
        if self._stopping or not self._adopted:
            return
        for action in self._supervision.step(self._mirror.topology, self._loop.time()):
            if type(action) is Start:
                self._start(action.wanted)
            elif type(action) is Stop and action.name in self._children:
                self._loop.create_task(self._end(action.name, action.gently))

    def _start(self, wanted: Wanted) -> None:
        command = command_of(wanted, self._mirror.topology, self._data, self._store, self._host)
        now = self._loop.time()
        self._supervision.started(wanted, now)
        try:
            child = processes.spawn(command, self._data / "log" / f"{wanted.name}.log")
        except OSError as error:
            self._log(f"{wanted.name} cannot be started: {error.strerror}")
            self._supervision.ended(wanted.name, now)
            return
        self._log(f"{wanted.name} started{' as ' + wanted.role if wanted.role else ''}, pid {child.pid}")
        self._watch(wanted.name, child)
        self._tell(wanted)

    def _watch(self, name: str, child: processes.Child) -> None:
        self._children[name] = child
        if self._leader is not None:
            self._note_running()
        self._loop.add_reader(child.descriptor, self._ended, name, child)

    def _note_running(self) -> None:
        kinds = {name: wanted.kind for name, wanted in self._supervision.running.items()}
        processes.note_running(self._data, {name: (child, kinds.get(name, "")) for name, child in self._children.items()})

    def _ended(self, name: str, child: processes.Child) -> None:
        self._loop.remove_reader(child.descriptor)
        status = child.reap()
        self._ended_so_far += 1
        wanted = self._supervision.running.get(name)
        self._log(f"{name} ended{'' if status is None else f', status {status}'}")
        del self._children[name]
        self._note_running()
        self._supervision.ended(name, self._loop.time())
        if wanted is not None:
            record = Process(name, wanted.kind, self._host, child.pid, child.born, GONE, wanted.role, wanted.number)
            self._mirror.tell(f"processes/{name}", as_value(record))
        self._gone.set()
        self._step()

    def _tell(self, wanted: Wanted) -> None:
        child = self._children[wanted.name]
        record = Process(wanted.name, wanted.kind, self._host, child.pid, child.born, RUNNING, wanted.role, wanted.number)
        self._mirror.tell(f"processes/{wanted.name}", as_value(record))

    async def _end(self, name: str, gently: bool) -> None:
        child, kind = self._children[name], self._supervision.running[name].kind
        if gently:
            child.signal(END_SIGNALS[kind])
            deadline = self._loop.time() + END_SECONDS[kind]
            while self._children.get(name) is child and self._loop.time() < deadline:
                self._gone.clear()
                try:
                    await asyncio.wait_for(self._gone.wait(), TICK_SECONDS)
                except asyncio.TimeoutError:
                    pass
        if self._children.get(name) is child:
            child.signal(signal.SIGKILL)

    async def _stop(self) -> None:
        self._log("stopping")
        self._stopping = True
        if self._leader is not None:
            self._leader.close()
        for kind in (ENDPOINT, INSTANCE, NODE):
            names = [name for name, wanted in self._supervision.running.items() if wanted.kind == kind and name in self._children]
            await asyncio.gather(*(self._end(name, True) for name in names))
            while any(name in self._children for name in names):
                await asyncio.sleep(0.005)
        for name in self._mirror.topology.reports:
            if name in self._supervision_instances():
                self._mirror.tell(f"reports/{name}", None)
        if self._leader is not None and self._mirror.is_connected:
            await self._leader.lease.give_up()
        self._mirror.tell(f"supervisors/{self._host}", None)
        self._mirror.close()

    def _supervision_instances(self) -> set[str]:
        return {each.name for each in self._mirror.topology.instances.values() if each.host == self._host}

    def _log(self, text: str) -> None:
        print(time.strftime("%H:%M:%S"), text, flush=True)


def supervise(store: str, host: str, data: Path) -> int:
    """The process `aurorapy cluster supervise`; its exit status."""
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(Supervisor(loop, store, host, data).run())
    except KeyboardInterrupt:
        return 1
    finally:
        sys.stdout.flush()
