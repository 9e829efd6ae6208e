"""Storage nodes in one process, each on a disk of its own, and a transport that holds, drops, doubles and reorders.

    fleet = Fleet(seed=3)                              # a1 a2 b1 b2 c1 c2 hold A B C D E F of group 0
    first = fleet.recover()
    fleet.write("ABCD", first.epoch, 0, first.position + 10)
    fleet.down("EF"); fleet.up("E")
    fleet.restart("A", power_cut=True)                 # what was not synced may be gone
    fleet.recover(stop_after=17)                       # the writer dies at the 17th message: raises Stopped

Messages travel through the virtual loop: with `hostile` some are lost, some come twice, all take a while of their own.

Not here: sockets, frames (`tests/sim/fleet` runs those).
"""

import copy
import random

from aurorapy.errors import IoError
from aurorapy.storage import messages as m
from aurorapy.storage.members import Member, Membership, NodePlace
from aurorapy.storage.node import StorageNode
from aurorapy.storage.quorum import Geometry
from aurorapy.storage.volume import StorageConfig
from aurorapy.storage.volume.recovery import Recovery
from aurorapy.storage.volume.transport import Unreachable
from aurorapy_native.redo import encode
from tests.sim.disk import SimDisk, SimFaults, SimMedium
from tests.sim.host import SimHost

CONFIG = StorageConfig(
    log_file_bytes=1 << 19, lsn_limit_bytes=5000, copies=tuple("ABCDEF"), write_quorum=4, read_quorum=3,
    recovery_wait_s=20.0, group_pages=64,
)  # fmt: skip
SIX = Geometry.of("ABCDEF", 4, 3)
VOLUME = m.VolumeIdentity("5" * 32, 64)
AGAIN_SECONDS = 1.0
ASK_SECONDS = 5.0


class Stopped(Exception):
    """The writer died here."""


class Fleet:
    """`copies`: one node for each letter; `spare`: further nodes that host nothing yet."""

    def __init__(self, copies="ABCDEF", geometry=SIX, seed=1, hostile=False, groups=(0,), spare="", config=CONFIG):
        self.host = SimHost(seed)
        self.host.steps_max = 3_000_000
        self.config, self.geometry = config, geometry
        self.rng = random.Random(seed)
        self.hostile = hostile
        self.media = {}
        self.nodes = {}
        self.alive = set()
        self.undelivered = {}  # batches for nodes that are down, by name
        self.writers = {}  # node name -> the transport that wrote last
        self.names = list(copies + spare)
        for name in self.names:
            self.media[name] = SimMedium()
            node = self.nodes[name] = self._node(name)
            node.create()
            self.alive.add(name)
        members = tuple(self.member(name) for name in copies)
        self.membership = Membership(1, members, geometry)
        for group in groups:
            for name in copies:
                self.nodes[name].step(self.creation(group, name), 0)
        self._tick()

    def creation(self, group, copy, epoch=m.NO_EPOCH):
        return m.CreateSegment(epoch, group, copy, m.NO_TRUNCATIONS, self.membership, VOLUME)

    def member(self, name, copy=None):
        return Member(copy or name, name, name.lower(), f"{name}:1", self.nodes[name].id)

    def _node(self, name):
        host = copy.copy(self.host)
        host.medium, host.faults = self.media[name], SimFaults()
        host.disk_delay = lambda: self.rng.random() * 0.001
        host.disk = SimDisk(host, host.medium, host.faults)
        node = StorageNode(host, "data", name, self.config)
        node.send = lambda message: self._said(name, node, message)
        node.tell = lambda member, message: self._told(node, member, message)
        return node

    def _tick(self):
        for name in sorted(self.alive):
            self.nodes[name].tick(self.host.clock.monotonic())
        self.host.tasks.call_later(0.1, self._tick)

    def _said(self, name, node, message):
        if self.nodes.get(name) is node and name in self.alive and name in self.writers:
            self.writers[name].heard(name, message)

    def _told(self, node, member, message):
        if node.name in self.alive:
            self.host.tasks.call_later(self.rng.random() * 0.001, self._tell, node, member, message)

    def _tell(self, node, member, message):
        if member.node in self.alive:
            for answer in self.nodes[member.node].step(message, self.host.clock.monotonic()):
                self._answer_peer(node, answer)

    def _answer_peer(self, node, answer):
        if node.name in self.alive and self.nodes[node.name] is node:
            node.step(answer, self.host.clock.monotonic())

    # -- what happens to nodes -----------------------------------------------------------------------------------------

    def down(self, names):
        self.alive -= set(names)

    def up(self, names):
        """They are back; what a writer had for them arrives now."""
        self.alive |= set(names)
        for name in names:
            for deliver in self.undelivered.pop(name, []):
                deliver()

    def restart(self, name, power_cut=False):
        if power_cut:
            self.media[name].crash(self.rng)
        else:
            self.media[name].kill()
        self.nodes[name] = self._node(name)
        self.nodes[name].open()
        self.alive.add(name)

    def wipe(self, name):
        """Its disk is replaced by an empty one."""
        self.media[name] = SimMedium()
        self.nodes[name] = self._node(name)
        self.nodes[name].create()

    # -- what writers do -----------------------------------------------------------------------------------------------

    def recover(self, instance=7, stop_after=None):
        post = Post(self, stop_after)
        recovery = Recovery(self.host, post, self.geometry, instance, self.config)
        try:
            return self.host.tasks.run(recovery.run)
        finally:
            post.is_cut = True
            self.settle()

    def recovery(self, instance=7, stop_after=None):
        """(transport, recovery), for those who take it step by step in tasks of their own."""
        post = Post(self, stop_after)
        return post, Recovery(self.host, post, self.geometry, instance, self.config)

    def settle(self, seconds=0.05):
        """Everything that is on its way arrives."""
        until = self.host.clock.monotonic() + seconds
        self.host.tasks.run(self.host.tasks.sleep, until - self.host.clock.monotonic())

    def write(self, copies, epoch, prev, lsn, vdl=0, end=True, prev_volume=None, group=0):
        """One record, by hand; what the copies answer at once. The record is on their disks then."""
        record = encode(
            lsn, 5, [("write", 100, b"%08d" % lsn)], prev_group=prev, prev_page=prev,
            prev_volume=prev if prev_volume is None else prev_volume, flags=1 if end else 0,
        )  # fmt: skip
        answers = [self.nodes[copy].step(m.Write(epoch, group, prev, lsn, vdl, record), 0) for copy in copies]
        self.settle()
        return [answer for each in answers for answer in each]

    def scl(self, copy, group=0):
        return self.nodes[copy].segments[group].scl

    def page(self, copy, lsn, group=0):
        return self.nodes[copy].read_page(group, 5, lsn)


class Post:
    """A Transport of one writer over the fleet. stop_after: the message (of either direction) at which the writer dies."""

    def __init__(self, fleet, stop_after=None):
        self.fleet, self.host, self.rng = fleet, fleet.host, fleet.rng
        self.stop_after = stop_after
        self.count = 0
        self.is_cut = False
        self.memberships = {}
        self.held = None  # of (node, message) when somebody holds them: a list to let go by hand
        self._callback = lambda copy, message: None
        self._waiting = []
        # what a FleetVolume wants besides
        self.epoch = m.NO_EPOCH
        self.skipped = set()
        self.sent_batch = lambda batch: None
        self.came_up = lambda group, copy: None

    # -- Transport -----------------------------------------------------------------------------------------------------

    def receive(self, callback):
        self._callback = callback

    def groups(self):
        return sorted(self.memberships)

    def place(self, group, membership):
        self.memberships[group] = membership

    @property
    def places(self):
        return [NodePlace(name, name.lower(), f"{name}:1") for name in self.fleet.names]

    def meet(self, places):
        return False

    def send(self, copy, message):
        name = self._node_of(message.group, copy)
        if name is not None:
            self._post(name, message, lambda answer: self.heard(name, answer))

    def ask(self, message, enough):
        if isinstance(message, dict):
            messages = message
        else:
            messages = {copy: message for copy in self._copies(message.group)}
        group = next(iter(messages.values())).group
        return self._ask({copy: (self._node_of(group, copy), each) for copy, each in messages.items()}, enough)

    def ask_nodes(self, message, enough):
        return self._ask({name: (name, message) for name in self.fleet.names}, enough)

    def read_page(self, copy, group, page_no, lsn):
        name = self._node_of(group, copy)
        if name not in self.fleet.alive:
            raise OSError(5, "the node is down")
        return self.fleet.nodes[name].read_page(group, page_no, lsn)

    def read(self, group, page_no, lsn, point, copies):
        for copy in copies():
            if self._node_of(group, copy) in self.fleet.alive:
                return self.read_page(copy, group, page_no, lsn)
        raise IoError("no copy can serve the page")

    def backlog(self, group, copy):
        return 0

    def close(self):
        self.is_cut = True

    # -- on the way ----------------------------------------------------------------------------------------------------

    def _copies(self, group):
        membership = self.memberships[group]
        return [member.copy for member in membership.members]

    def _node_of(self, group, copy):
        members = self.memberships[group].members
        return next((member.node for member in members if member.copy == copy), None)

    def heard(self, name, message):
        """What a node says, unasked or to nobody who still waits."""
        if self.is_cut:
            return
        if isinstance(message, m.Failed):
            self._callback(message.copy, message)
            return
        membership = self.memberships.get(message.group)
        for member in membership.members if membership is not None else ():
            if member.node == name:
                self._callback(member.copy, message)

    def _ask(self, targets, enough):
        answers, deadline = {}, self.host.clock.monotonic() + ASK_SECONDS
        waiter = self.host.tasks.waiter()
        self._waiting.append(waiter)

        def answered(name):
            def take(answer):
                answers.setdefault(name, answer)
                if enough(answers):
                    waiter.wake()
            return take

        while True:
            self._check()
            for name, (node, message) in targets.items():
                if name not in answers:
                    self._post(node, message, answered(name))
            try:
                waiter.wait(AGAIN_SECONDS)
            except TimeoutError:
                pass
            self._check()
            if enough(answers):
                return dict(answers)
            if self.host.clock.monotonic() > deadline:
                raise Unreachable(f"too few answered {next(iter(targets.values()))[1]}: {sorted(answers)}")
            waiter = self.host.tasks.waiter()
            self._waiting.append(waiter)

    def _check(self):
        if self.is_cut:
            raise Stopped

    def _tick(self):
        """One more message; the writer may die of it, what is on its way still arrives."""
        self.count += 1
        if self.stop_after is not None and self.count >= self.stop_after and not self.is_cut:
            self.is_cut = True
            for waiter in self._waiting:
                waiter.wake()

    def _post(self, node, message, take):
        self._tick()
        if self.is_cut:
            return
        if self.held is not None:
            self.held.append((node, message))
            return
        hostile = self.fleet.hostile
        for _ in range(2 if hostile and self.rng.random() < 0.1 else 1):
            if hostile and self.rng.random() < 0.1:
                continue
            delay = self.rng.random() * (0.02 if hostile else 0.001)
            self.host.tasks.call_later(delay, self._arrive, node, message, take)

    def _arrive(self, node, message, take):
        fleet = self.fleet
        if node not in fleet.alive:
            if isinstance(message, m.Write):
                fleet.undelivered.setdefault(node, []).append(lambda: self._arrive(node, message, take))
            return
        if isinstance(message, (m.Write, m.Horizons)):
            segment = fleet.nodes[node].segments.get(message.group)
            if segment is not None and segment.epoch == message.epoch:
                fleet.writers[node] = self
        for answer in fleet.nodes[node].step(message, self.host.clock.monotonic()):
            if fleet.hostile and self.rng.random() < 0.1:
                continue
            self.host.tasks.call_later(self.rng.random() * 0.001, self._back, take, answer)

    def _back(self, take, answer):
        self._tick()
        if not self.is_cut:
            take(answer)
