"""A network made by the seed: `host.Network` for every process of a universe, frame by frame.

    network = SimNetwork(universe, Weather(...))
    machine.network = network
    process.network.listen("a1:7000", user); other.network.connect("a1:7000", user)
    network.cut({"a1", "a2"}, {"w1"}); network.cut_one_way("w1", "a1"); network.heal()
    network.clog("w1", "a1", seconds=2.0)

A link keeps what `host.Link` promises: frames arrive whole, in order, none twice; when it breaks, the last ones are lost.
Behind a cut they wait, as TCP's do: a cut that heals within some seconds lets them through late, a longer one breaks the
link on both sides, each when its own keep-alive notices. A process that dies breaks its links at once, a machine that
loses power when the other side notices. `hostile` weather breaks the promise on purpose: frames come twice and in another
order, which the messages' numbers and LSNs must make harmless.

Not here: framing, checksums, the handshake (`aurorapy.host`: a frame that arrives was checked).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

from aurorapy.host.frames import ProtocolError

from tests.sim.fleet.hosts import Machine, Process, Universe
from tests.sim.storage import Violation

DEAD_AFTER = 5.0  # seconds without a sign of life
PAUSES = (0.01, 0.03, 0.1, 0.3, 1.0)  # between two attempts to connect


@dataclass
class Weather:
    """What the network does to frames. Rates are per frame."""

    delay_min: float = 0.0001
    delay_mean: float = 0.0002
    slow_rate: float = 0.0  # of frames that take up to slow_seconds more; those behind them wait
    slow_seconds: float = 0.5
    reset_rate: float = 0.0
    duplicate_rate: float = 0.0  # hostile
    reorder_rate: float = 0.0  # hostile

    @property
    def hostile(self) -> bool:
        return self.duplicate_rate > 0 or self.reorder_rate > 0


class SimLink:
    """One end of a link, in the hands of its user."""

    def __init__(self, process: Process, address: str, user: Any) -> None:
        self.process, self.address, self.user = process, address, user
        self.number = process.universe.draw_number()  # sets of links are walked in the same order everywhere
        self.is_up = False
        self.pipe: Pipe | None = None
        self.closed = False
        self.attempts = 0

    def __hash__(self) -> int:
        return self.number

    def send(self, *parts: bytes) -> None:
        if self.is_up and self.process.alive:
            self.pipe.transmit(self, parts[0] if len(parts) == 1 else b"".join(parts))

    def backlog(self) -> int:
        return self.pipe.in_flight(self) if self.is_up else 0

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            if self.pipe is not None:
                self.pipe.broken_by(self)

    def __str__(self) -> str:
        return f"{self.process.machine.name}–{self.address}"


class Direction:
    """Frames from one end to the other."""

    __slots__ = ("sender", "receiver", "sent", "taken", "stalled", "early", "last_at", "bytes")

    def __init__(self, sender: SimLink, receiver: SimLink) -> None:
        self.sender, self.receiver = sender, receiver
        self.sent = self.taken = 0  # numbers of frames
        self.stalled: list[tuple[int, bytes]] = []  # behind a cut
        self.early: dict[int, bytes] = {}  # came before their turn
        self.last_at = 0.0
        self.bytes = 0


class Pipe:
    """An established link: two ends, two directions."""

    def __init__(self, network: SimNetwork, one: SimLink, other: SimLink) -> None:
        self.network, self.ends = network, (one, other)
        self.machines = (one.process.machine.name, other.process.machine.name)
        self.broken = False
        self.directions = {one: Direction(one, other), other: Direction(other, one)}
        self.impaired_since: float | None = None

    def in_flight(self, end: SimLink) -> int:
        return self.directions[end].bytes

    def transmit(self, sender: SimLink, frame: bytes) -> None:
        if self.broken:
            return
        way, network = self.directions[sender], self.network
        rng, weather = network.rng, network.weather
        number = way.sent
        way.sent += 1
        way.bytes += len(frame)
        source, target = sender.process.machine, way.receiver.process.machine
        network.frames += 1
        if weather.reset_rate and rng.random() < weather.reset_rate:
            network.universe.call_later(rng.random() * 0.01, self.reset)
        if network.is_cut(source.name, target.name):
            way.stalled.append((number, frame))
            return
        self._schedule(way, number, frame)
        if weather.duplicate_rate and rng.random() < weather.duplicate_rate:
            network.universe.call_later(rng.random(), self._arrive, way, -1, frame)

    def _schedule(self, way: Direction, number: int, frame: bytes) -> None:
        network = self.network
        at = network.universe.now + network.delay(way.sender.process.machine, way.receiver.process.machine)
        if network.weather.reorder_rate and network.rng.random() < network.weather.reorder_rate:
            at += network.rng.random() * 0.2
            way.taken = -1  # from now on nobody waits for his turn
        else:
            at = way.last_at = max(at, way.last_at + 1e-7)
        network.universe.call_later(at - network.universe.now, self._arrive, way, number, frame)

    def _arrive(self, way: Direction, number: int, frame: bytes) -> None:
        if self.broken:
            return
        if self.network.is_cut(*self._names(way)):
            if number >= 0:
                way.stalled.append((number, frame))
            return
        if number < 0 or way.taken < 0:
            self._hand_over(way, frame)
            return
        way.early[number] = frame
        while not self.broken and way.taken in way.early:
            frame = way.early.pop(way.taken)
            way.taken += 1
            self._hand_over(way, frame)

    def _hand_over(self, way: Direction, frame: bytes) -> None:
        way.bytes = max(0, way.bytes - len(frame))
        receiver = way.receiver
        source, target = self._names(way)
        self.network.universe.trace(f"{source}>{target} {len(frame)} {crc32(frame)}")
        receiver.process.enter(self._frame, (receiver, frame))

    def _frame(self, receiver: SimLink, frame: bytes) -> None:
        if not receiver.is_up:
            return
        try:
            receiver.user.link_frame(receiver, frame)
        except ProtocolError as error:
            raise Violation(f"a frame was not understood: {error}") from error

    def _names(self, way: Direction) -> tuple[str, str]:
        return way.sender.process.machine.name, way.receiver.process.machine.name

    def healed(self) -> None:
        """What waited behind a cut goes on."""
        for way in self.directions.values():
            if way.stalled and not self.network.is_cut(*self._names(way)):
                stalled, way.stalled = sorted(way.stalled), []
                for number, frame in stalled:
                    self._schedule(way, number, frame)

    # -- breaking ------------------------------------------------------------------------------------------------------
    def watch(self) -> None:
        """Something is between the ends, or one of them is silent: each notices after some seconds, unless it ends."""
        if self.impaired_since is None:
            self.impaired_since = self.network.universe.now
            self.network.universe.call_later(DEAD_AFTER, self._look, self.impaired_since)

    def _look(self, since: float) -> None:
        if self.broken or self.impaired_since != since:
            return
        if self._is_impaired():
            self.reset()
        else:
            self.impaired_since = None

    def _is_impaired(self) -> bool:
        one, other = self.ends
        a, b = self.machines
        return (
            not (one.process.alive and other.process.alive)
            or one.process.paused
            or other.process.paused
            or self.network.is_cut(a, b)
            or self.network.is_cut(b, a)
        )

    def reset(self) -> None:
        self._break(self.ends[0], self.ends[1])

    def broken_by(self, end: SimLink) -> None:
        """One end closed it: the other hears of it some time later."""
        other = self.ends[1] if end is self.ends[0] else self.ends[0]
        end.is_up = False
        if not self.broken:
            self.broken = True
            self.network.pipes.pop(self, None)
            self.network.universe.call_later(self.network.weather.delay_min, other.process.enter, self._lost, (other,))

    def _break(self, *ends: SimLink) -> None:
        if self.broken:
            return
        self.broken = True
        self.network.pipes.pop(self, None)
        self.network.universe.tell("net", f"{self.machines[0]}–{self.machines[1]} breaks")
        for end in ends:
            delay = self.network.rng.random() * 0.001
            self.network.universe.call_later(delay, end.process.enter, self._lost, (end,))

    def _lost(self, end: SimLink) -> None:
        if not end.is_up:
            return
        end.is_up = False
        end.user.link_lost(end)
        if end.attempts and not end.closed:
            end.attempts = 1
            self.network.try_later(end)


class SimListening:
    def __init__(self, network: SimNetwork, process: Process, address: str, user: Any) -> None:
        self.network, self.process, self.address, self.user = network, process, address, user

    def close(self) -> None:
        if self.network.listening.get(self.address) is self:
            del self.network.listening[self.address]


class HostNetwork:
    """What one process has of the network: `host.Network`."""

    def __init__(self, network: SimNetwork, process: Process) -> None:
        self._network, self._process = network, process

    def connect(self, address: str, user: Any) -> SimLink:
        link = SimLink(self._process, address, user)
        link.attempts = 1
        self._network.universe.call_soon(self._network.attempt, link)
        return link

    def listen(self, address: str, user: Any) -> SimListening:
        found = self._network.listening.get(address)
        if found is not None and found.process.alive:
            raise OSError(98, f"{address} is in use")
        listening = self._network.listening[address] = SimListening(self._network, self._process, address, user)
        return listening


class SimNetwork:
    def __init__(self, universe: Universe, weather: Weather) -> None:
        self.universe, self.weather = universe, weather
        self.rng = universe.rng
        self.listening: dict[str, SimListening] = {}
        self.pipes: dict[Pipe, None] = {}  # ordered
        self.cuts: set[tuple[str, str]] = set()  # (from, to)
        self.clogs: dict[tuple[str, str], float] = {}  # (from, to) -> until when
        self.frames = 0
        self._dials = 0

    def of(self, process: Process) -> HostNetwork:
        process.on_exit.append(lambda: self._died(process))
        return HostNetwork(self, process)

    # -- links ---------------------------------------------------------------------------------------------------------
    def attempt(self, link: SimLink) -> None:
        if link.process.alive and not link.closed:
            there = self.listening.get(link.address)
            self.universe.call_later(self._latency(), self._accept, link, there)

    def _accept(self, link: SimLink, there: SimListening | None) -> None:
        here = link.process
        if not here.alive or link.closed:
            return
        if there is None or self.listening.get(link.address) is not there or not self._reach(here, there.process):
            self.try_later(link)
            return
        self._dials += 1
        other = SimLink(there.process, f"{here.machine.name}:{40_000 + self._dials}", there.user)
        pipe = Pipe(self, link, other)
        link.pipe = other.pipe = pipe
        self.pipes[pipe] = None
        other.is_up = True
        other.process.enter(other.user.link_up, (other,))
        self.universe.call_later(self._latency(), here.enter, self._connected, (link, pipe))

    def _connected(self, link: SimLink, pipe: Pipe) -> None:
        if link.closed:
            pipe.broken_by(link)
            return
        link.is_up = True
        link.attempts = 1
        if pipe.broken:  # before it was up here
            link.is_up = False
            self.try_later(link)
            return
        link.user.link_up(link)

    def _reach(self, one: Process, other: Process) -> bool:
        a, b = one.machine.name, other.machine.name
        ends_live = one.alive and other.alive and not one.paused and not other.paused
        return ends_live and not self.is_cut(a, b) and not self.is_cut(b, a)

    def try_later(self, link: SimLink) -> None:
        pause = PAUSES[min(link.attempts, len(PAUSES)) - 1]
        link.attempts += 1
        self.universe.call_later(pause * (0.5 + self.rng.random()), self.attempt, link)

    def _died(self, process: Process) -> None:
        """A killed process's kernel resets its links; a machine without power says nothing."""
        for address in [address for address, there in self.listening.items() if there.process is process]:
            del self.listening[address]
        for pipe in [pipe for pipe in self.pipes if any(end.process is process for end in pipe.ends)]:
            delay = self.rng.random() * DEAD_AFTER if process.power_lost else self._latency()
            self.universe.call_later(delay, pipe.reset)

    # -- what stands between -------------------------------------------------------------------------------------------
    def delay(self, source: Machine, target: Machine) -> float:
        weather, rng = self.weather, self.rng
        delay = self._latency()
        if weather.slow_rate and rng.random() < weather.slow_rate:
            delay += rng.random() * weather.slow_seconds
        until = self.clogs.get((source.name, target.name))
        if until is not None and until > self.universe.now:
            delay += until - self.universe.now
        return delay

    def _latency(self) -> float:
        return self.weather.delay_min + self.rng.expovariate(1 / self.weather.delay_mean)

    def is_cut(self, source: str, target: str) -> bool:
        return bool(self.cuts) and (source, target) in self.cuts

    def cut(self, some: set[str], others: set[str]) -> None:
        """Nothing passes between the two groups of machines, in either direction."""
        for a in sorted(some):
            for b in sorted(others):
                self.cuts |= {(a, b), (b, a)}
        self.watch()

    def cut_one_way(self, source: str, target: str) -> None:
        self.cuts.add((source, target))
        self.watch()

    def watch(self) -> None:
        """A cut was made, or a process paused: links that are affected break some seconds later."""
        for pipe in list(self.pipes):
            if pipe._is_impaired():
                pipe.watch()

    def heal(self) -> None:
        self.cuts.clear()
        self.clogs.clear()
        for pipe in list(self.pipes):
            pipe.healed()

    def clog(self, source: str, target: str, seconds: float) -> None:
        """Frames that leave in the next seconds arrive after them."""
        self.clogs[source, target] = self.universe.now + seconds
