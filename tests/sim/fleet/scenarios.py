"""What can happen to a fleet, by name: each is a function that a world runs between genesis and fair weather.

    storm     anything, drawn by the seed                                  (the default)
    calm      nothing: what goes wrong here is wrong in fair weather
    n4        one of the 64 subsets of copies that are up (seed mod 64): who writes, who recovers, who waits
    az        a zone is lost, and comes back
    az1       a zone and one node more are lost: writes wait, reads go on; one comes back, writes resume
    split     two writers over and over, the old one frozen or cut off, with and without storage in its reach
    power     power cuts of all machines, again and again
    acknowledged  power cuts of all machines as soon as a commit is acknowledged; slow disks
    recovery  every recovery is interrupted somewhere, three in a row
    laggards  two copies lag, the writer dies, and the next one hears of few of the others
    disks     power cuts, failing and full disks, and little else
    syncs     the log's sync fails on three nodes and more, and then everybody loses power
    half_sent the writer dies between two batches of one mini-transaction, again and again
    promises  nodes die right after they promised a new epoch, and the old writer goes on
    tails     a storm over three full copies and three that keep the log only
    emptied   one node or two come back without their files, again and again, while writers come and go
    stale     a node comes back with the files it had some time ago
    moves     copies are moved to other nodes and back, while writers and nodes die
    readers   two readers follow, lose their writer, their stream and each other; some are promoted
    control   the production control plane decides: writers, hosts, leaders, the store and the links between them fail
    unreached storage is out of the writer's reach, or out of everybody's
    freed     pages are freed and used again, nodes come back without their files, writers come and go
    flips     bits flip at rest on two nodes, which also die at times
    astray    writes of two nodes' runs and manifests get lost or land elsewhere; they also die at times

Errors: Violation.

Not here: the checks at the end, which are every world's.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError
from aurorapy.ids import PAGE_SIZE

from tests.sim.disk import SECTOR, SimMedium
from tests.sim.fleet.reader import can_be_promoted
from tests.sim.fleet.storm import Storm
from tests.sim.fleet.troubles import Troubles
from tests.sim.storage import Violation


def storm(world: Any) -> None:
    storm = Storm(world)
    world.universe.tell("***", f"storm: {' '.join(storm.weights) or 'none'}")
    storm.begin()
    world.universe.run_for(world.seconds)
    storm.end()


def calm(world: Any) -> None:
    world.universe.run_for(2.0 * world.pace)


def until_open(world: Any, commits: int = 3) -> None:
    """A writer is open and has committed."""
    before = world.history.commits
    if not world.universe.run_until(
        lambda: world.current_writer() is not None and world.history.commits >= before + commits, 30.0
    ):
        raise Violation("I9: no writer opens in fair weather")


def commits_within(world: Any, seconds: float) -> bool:
    before = world.history.commits
    return world.universe.run_until(lambda: world.history.commits > before, seconds)


def n4(world: Any) -> None:
    """Writes progress iff four are up, recovery ends iff four are, fences and decides iff three are; else it waits."""
    subset = world.seed % 64
    rng = world.universe.rng
    quiet(world)
    until_open(world)
    down = [node for n, node in enumerate(world.nodes) if not subset >> n & 1]
    up = len(world.nodes) - len(down)
    world.universe.tell("***", f"up: {up} of six; down: {' '.join(node.name for node in down)}")
    power = rng.random() < 0.5
    for node in down:
        node.held_until = 1e9
        node.power_cut() if power else node.kill()
    world.universe.run_for(1.0)  # what had left before may still be acknowledged
    if commits_within(world, 5.0) != (up >= 4):
        raise Violation(f"N4: with {up} of six up, commits {'wait' if up >= 4 else 'are acknowledged'}")
    for machine in world.live_writers():
        machine.held_until = world.universe.now + 0.1
        machine.kill() if rng.random() < 0.5 else machine.power_cut()
    before = world.counts["recoveries"]
    opened = world.universe.run_until(lambda: world.counts["recoveries"] > before, 8.0)
    if opened != (up >= 4):
        raise Violation(f"N4: with {up} of six up, recovery {'waits' if up >= 4 else 'ends'}")
    if opened and not commits_within(world, 5.0):
        raise Violation(f"N4: with {up} of six up, nothing commits after recovery")
    for node in down:
        node.held_until = 0.0
    if not commits_within(world, 15.0):
        raise Violation("N4: all six are up again, and nothing commits")


def readers(world: Any) -> None:
    """R1, R4: streams are cut, duplicated and late; writers die with batches under way, readers take their place."""
    rng, universe = world.universe.rng, world.universe
    world.network.weather.reset_rate = rng.choice((0.0, 0.0005, 0.005))
    until_open(world)
    for _ in range(rng.randrange(3, 7)):
        universe.run_for(rng.uniform(0.2, 1.0) * world.pace)
        choice = rng.random()
        able = [each for each in world.readers.values() if can_be_promoted(each) and each.process.alive]
        if choice < 0.2 and world.reader_machines:
            rng.choice(world.reader_machines).kill()
            continue
        writer = world.current_writer()
        if writer is None:
            continue
        if choice < 0.8 or not able:
            writer.process.machine.held_until = universe.now + rng.uniform(0.0, 1.0)
            writer.process.machine.kill()
        else:
            universe.tell("***", "two writers: a reader is promoted beside the writer")  # N9
        if able and rng.random() < 0.8:
            reader = rng.choice(able)
            universe.tell("***", f"{reader.process.name} is promoted")
            reader.process.tasks.spawn(reader.promote, name="promote")


def control(world: Any) -> None:
    """R1, R4, N9, and who notices: see `control` and `troubles`."""
    rng, universe, plane = world.universe.rng, world.universe, world.control
    world.network.weather.reset_rate = rng.choice((0.0, 0.0, 0.0005, 0.005))
    until_open(world)
    trouble = Troubles(world)
    for _ in range(rng.randrange(2, 5)):
        universe.run_for(rng.uniform(0.1, 1.0))
        trouble.strike()
        number = plane.decided["number"]
        if rng.random() < 0.6:  # with the next one right behind a change of writers, or long after
            universe.run_until(lambda number=number: plane.decided["number"] > number and plane.decided["is_open"], 9.0)
        if rng.random() < 0.3:
            trouble.heal()
    trouble.heal()


def unreached(world: Any) -> None:
    """C4: a writer that alone does not reach storage is replaced; where nobody does, nobody takes its place."""
    rng, universe, plane = world.universe.rng, world.universe, world.control
    quiet(world)
    for _ in range(2):
        until_open(world)
        if not universe.run_until(plane.is_whole, 30.0):
            raise Violation("C4: not everybody serves in fair weather")
        number, name = plane.decided["number"], plane.decided["name"]
        away = {node.name for node in rng.sample(world.nodes, rng.randrange(3, 7))}
        alone = rng.random() < 0.5
        universe.tell("***", f"{name if alone else 'nobody'} {'does not reach' if alone else 'reaches'} {' '.join(sorted(away))}")
        world.network.cut({name} if alone else set(plane.instances()), away)
        if not alone:
            universe.run_for(12.0)
            if plane.decided["number"] != number:
                raise Violation(f"C4: storage is out of everybody's reach, and decision {number} became {plane.decided}")
        elif not universe.run_until(lambda name=name: plane.decided["name"] != name and plane.decided["is_open"], 12.0):
            raise Violation(f"C4: only {name} does not reach storage, and after 12 s it is the writer: {plane.decided}")
        elif not commits_within(world, 8.0):
            raise Violation(f"C4: {plane.decided} has taken {name}'s place, and nothing commits")
        world.network.heal()
        if not commits_within(world, 15.0):
            raise Violation("C4: storage is there again, and nothing commits")


def az(world: Any) -> None:
    quiet(world)
    until_open(world)
    zone = world.universe.rng.choice("abc")
    lost(world, [machine for machine in world.machines if machine.zone == zone])
    if not commits_within(world, 15.0):
        raise Violation(f"N5: zone {zone} is lost, and nothing commits")
    world.universe.run_for(1.0)
    back(world)


def az1(world: Any) -> None:
    quiet(world)
    until_open(world)
    rng = world.universe.rng
    writer = world.current_writer()
    zone = rng.choice([zone for zone in "abc" if zone != writer.process.machine.zone])
    more = rng.choice([node for node in world.nodes if node.zone != zone])
    lost(world, [*(machine for machine in world.machines if machine.zone == zone), more])
    world.universe.run_for(1.0)
    reads, failed = world.counts["reads"], world.counts["failed reads"]
    if commits_within(world, 6.0):
        raise Violation("N6: three of six are up, and commits are acknowledged")
    if world.current_writer() is writer and world.counts["reads"] == reads:
        raise Violation(f"N6: three of six are up, and nothing can be read ({world.counts['failed reads'] - failed} failed)")
    more.held_until = 0.0
    if not commits_within(world, 5.0):
        raise Violation("N6: four of six are up again, and nothing commits within 5 s")
    back(world)


def split(world: Any) -> None:
    """N9."""
    rng = world.universe.rng
    storm = Storm(world, ())
    for _ in range(rng.randrange(2, 5)):
        until_open(world, 1)
        old = world.current_writer()
        kind = rng.choice(("takeover", "freeze_writer", "cut_off_writer"))
        getattr(storm, f"_{kind}")()
        world.universe.run_until(lambda: world.current_writer() not in (None, old), rng.uniform(1.0, 6.0))
        world.universe.run_for(rng.uniform(0.0, 2.0))
    storm.end()


def power(world: Any) -> None:
    rng = world.universe.rng
    for _ in range(rng.randrange(2, 6)):
        world.universe.run_for(rng.uniform(0.02, 1.5) * world.pace)
        Storm(world, ())._all_power_off()


def acknowledged(world: Any) -> None:
    """Power goes everywhere as soon as a commit was acknowledged; some disks are slow."""
    rng = world.universe.rng
    for _ in range(rng.randrange(2, 5)):
        until_open(world, rng.randrange(1, 12))
        for node in rng.sample(world.nodes, rng.randrange(4)):
            node.slowness = rng.uniform(1.0, 30.0)
        until_open(world, rng.randrange(1, 12))
        Storm(world, ())._all_power_off()


def recovery(world: Any) -> None:
    """N10: the writer dies at some step of its recovery, three times in a row; nodes die with it at times."""
    rng = world.universe.rng
    for _ in range(rng.randrange(1, 4)):
        until_open(world, 1)
        world.universe.run_for(rng.uniform(0.0, 0.5))
        for _ in range(3):
            for machine in world.live_writers():
                machine.kill()
            if rng.random() < 0.5:
                node = rng.choice(world.nodes)
                node.held_until = world.universe.now + rng.uniform(0.0, 1.0)
                node.power_cut()
            before = world.network.frames
            frames = rng.randrange(1, 160)
            world.universe.run_until(lambda before=before, frames=frames: world.network.frames > before + frames, 5.0)


def laggards(world: Any) -> None:
    """Who recovers must find what only one of those who answer has."""
    universe, rng = world.universe, world.universe.rng
    writers = {machine.name for machine in world.writers}
    for _ in range(rng.randrange(2, 5)):
        until_open(world, 2)
        nodes = [node.name for node in rng.sample(world.nodes, len(world.nodes))]
        late, rest = set(nodes[:2]), set(nodes[2:])
        world.network.cut(late, rest | writers)
        universe.run_for(rng.uniform(0.2, 1.0))
        for machine in world.live_writers():
            machine.kill()
        world.network.heal()
        world.network.cut(late, rest)
        world.network.cut(set(nodes[2 : 2 + rng.randrange(4)]), writers)
        universe.run_for(rng.uniform(0.3, 3.0))
        world.network.heal()


def disks(world: Any) -> None:
    kinds = ("disk_error", "disk_error", "disk_full", "all_power_off", "cut_power_of_node", "crash_in_disk_call")
    storm = Storm(world, tuple(world.universe.rng.sample(kinds, 4)) + ("all_power_off",))
    storm.begin()
    world.universe.run_for(world.seconds)
    storm.end()


def syncs(world: Any) -> None:
    rng = world.universe.rng
    for _ in range(rng.randrange(2, 5)):
        until_open(world, 3)
        count, is_one_batch = rng.randrange(3), rng.random() < 0.7  # the same on all: what only they have
        for machine in rng.sample(world.nodes, rng.randrange(3, 7)):
            machine.faults.fail("log_sync", after=count if is_one_batch else rng.randrange(3))
        world.universe.run_for(rng.uniform(0.05, 0.6))
        Storm(world, ())._all_power_off()
        world.universe.run_for(1.5)


def half_sent(world: Any) -> None:
    """What reaches the nodes of the last flush is a piece of it, another one on each."""
    universe, network, rng = world.universe, world.network, world.universe.rng
    network.weather.delay_mean = rng.choice((0.002, 0.02))
    for _ in range(rng.randrange(4, 9)):
        until_open(world, 1)
        seen = [network.frames]

        def has_flushed(seen: list[int] = seen) -> bool:
            """One step of the loop sent a batch of each group to all."""
            before, seen[0] = seen[0], network.frames
            return network.frames - before >= 6 * min(2, len(world.groups))

        universe.run_until(has_flushed, rng.uniform(0.5, 2.0))
        for machine in world.live_writers():
            machine.kill()


def promises(world: Any) -> None:
    universe, rng = world.universe, world.universe.rng
    quiet(world)
    for _ in range(rng.randrange(2, 5)):
        until_open(world, 1)
        old = world.current_writer()
        world.start_writer()

        def promised(old: Any = old) -> list[Any]:
            return [node for node in world.nodes if world.watches[node.name].highest() > old.branch.epoch]

        universe.run_until(lambda: len(promised()) >= 1, 3.0)
        universe.run_for(rng.choice((0.0, 0.001, 0.01)))
        for machine in world.live_writers():
            if machine.process is not old.process and rng.random() < 0.7:
                machine.held_until = universe.now + 2.0
                machine.kill()
        for node in promised():
            node.held_until = universe.now + rng.uniform(0.0, 0.1)
            node.kill() if rng.random() < 0.5 else node.power_cut()
        universe.run_for(rng.uniform(0.3, 2.0))


def tails(world: Any) -> None:
    storm(world)


def emptied(world: Any) -> None:
    """D9. Never more at once than a zone's: what was acknowledged is on two others then, which every read quorum meets."""
    rng, universe = world.universe.rng, world.universe
    quiet(world)
    for _ in range(rng.randrange(1, 4)):
        until_open(world, 2)
        until_whole(world)
        for node in rng.sample(world.nodes, rng.choice((1, 2))):
            node.held_until = universe.now + rng.choice((0.0, 0.05, 2.0))
            node.power_cut()
            node.medium = SimMedium()
            universe.run_for(rng.choice((0.0, 0.0, 0.3)))
        someone_dies(world)
        universe.run_for(rng.uniform(0.1, 3.0))


def stale(world: Any) -> None:
    """D10, one node at a time: it has forgotten what it promised."""
    rng, universe = world.universe.rng, world.universe
    quiet(world)
    for _ in range(rng.randrange(1, 4)):
        until_open(world, 2)
        until_whole(world)
        node = rng.choice(world.nodes)
        old = node.medium.copy()
        universe.run_for(rng.uniform(1.0, 4.0))
        until_whole(world)  # and its peers have heard how far it was
        universe.run_for(2.5)
        node.power_cut()
        node.medium = old
        someone_dies(world)
        universe.run_for(rng.uniform(0.1, 3.0))


def freed(world: Any) -> None:
    """What was freed stays freed on a copy that was filled by others, and is back when a recovery annulled it."""
    world.universe.rng.choice((emptied, half_sent, stale))(world)


def moves(world: Any) -> None:
    """Membership changes: finished, reverted, two at a time, and interrupted."""
    rng, universe = world.universe.rng, world.universe
    quiet(world)
    for _ in range(rng.randrange(2, 6)):
        until_open(world, 1)
        writer = world.current_writer()
        group = rng.choice(world.groups)
        if group in writer.volume.groups:
            writer.process.tasks.spawn(move, world, writer, group, name=f"move of group {group}")
        universe.run_for(rng.uniform(0.02, 1.5))
        if rng.random() < 0.6:
            someone_dies(world)
        universe.run_for(rng.uniform(0.0, 1.0))


def move(world: Any, writer: Any, group: int) -> None:
    """One copy goes to a node that has none of the group, or begins to and stays."""
    changes, rng = writer.volume.changes, writer.process.rng
    members = writer.volume.transport.memberships[group].members
    leaves = rng.choice(members)
    free = [place for place in world.config.nodes if place.name not in {member.node for member in members}]
    server = world.servers.get(rng.choice(free).name) if free else None
    if server is None or group in server.node.segments:  # it has yet to let go of an earlier copy
        return
    place = next(place for place in free if place.name == server.node.name)
    writer.process.tell(f"copy {leaves.copy} of group {group} moves from {leaves.node} to {place.name}")
    try:
        comes = changes.begin(group, leaves.copy, place, server.node.hosting.identity(group))
        if rng.random() < 0.3:
            changes.revert(group, comes)
        else:
            changes.finish(group, comes)
        world.counts["moves"] += 1
    except (DatabaseError, ValueError) as error:
        writer.process.tell(f"the move of group {group} ends: {error}")
        if writer.volume.failure is None and writer.volume.transport.memberships[group].changes:
            writer.volume.changes.resume()


def someone_dies(world: Any) -> None:
    """Perhaps the writer, perhaps a node more."""
    rng = world.universe.rng
    if rng.random() < 0.5:
        for machine in world.live_writers():
            machine.kill() if rng.random() < 0.5 else machine.power_cut()
    if rng.random() < 0.3:
        node = rng.choice(world.nodes)
        node.held_until = max(node.held_until, world.universe.now + rng.uniform(0.0, 1.0))
        node.kill() if rng.random() < 0.5 else node.power_cut()


def until_whole(world: Any) -> None:
    """Every copy is where the group is: the next loss is the only one."""

    def is_whole() -> bool:
        writer = world.current_writer()
        if writer is None or not writer.volume.is_open or any(not node.is_up for node in world.nodes):
            return False
        groups = writer.volume.groups.items()
        return all(
            world.hosts(group) is not None and min(progress.positions.values()) >= progress.read_point
            for group, progress in groups
        )

    if not world.universe.run_until(is_whole, 60.0):
        raise Violation("I9: the copies do not become whole in fair weather")


def flips(world: Any) -> None:
    """D4."""
    universe, rng = world.universe, world.universe.rng
    quiet(world)
    until_open(world)
    victims = rng.sample(world.nodes, 2)
    for _ in range(rng.randrange(4, 16)):
        universe.run_for(rng.uniform(0.05, 1.0) * world.pace)
        victim = rng.choice(victims)
        flip(world, victim)
        if rng.random() < 0.2:
            victim.held_until = universe.now + rng.uniform(0.0, 1.0)
            victim.kill()


def flip(world: Any, machine: Any) -> None:
    """One bit of one file that matters; not of both copies of one that has a copy beside it."""
    rng = world.universe.rng
    files = [(path, inode) for path, inode in sorted(machine.medium.files_at("node"))]
    files = [(path, inode) for path, inode in files if len(inode.durable) and not path.endswith(".copy")]
    runs = [each for each in files if each[0].endswith(".run")]
    if files:
        path, inode = rng.choice(runs if runs and rng.random() < 0.7 else files)
        offset = rng.randrange(len(inode.durable))
        world.universe.tell(machine.name, f"bit flip in {path} at {offset} of {len(inode.durable)}")
        machine.medium.flip(path, offset, 1 << rng.randrange(8))


def astray(world: Any) -> None:
    """D5. Not of the hot log: a disk that loses its end has told a lie which nobody can find out."""
    universe, rng = world.universe, world.universe.rng
    quiet(world)
    until_open(world)
    victims = rng.sample(world.nodes, 2)
    for _ in range(rng.randrange(6, 20)):
        universe.run_for(rng.uniform(0.05, 1.0) * world.pace)
        victim = rng.choice(victims)
        suffix = rng.choice((".run", ".run", ".run", "/manifest.new"))
        shift = rng.choice((0, 0, rng.randrange(-40, 40) * SECTOR, -PAGE_SIZE, PAGE_SIZE))
        universe.tell(victim.name, f"the next write to {suffix} " + (f"lands {shift} bytes away" if shift else "is lost"))
        victim.faults.lead_astray(suffix, shift)
        if rng.random() < 0.2:
            victim.held_until = universe.now + rng.uniform(0.0, 1.0)
            victim.kill()


def quiet(world: Any) -> None:
    """For scenarios that measure who may go on: no weather of its own."""
    world.network.weather.reset_rate = world.network.weather.slow_rate = 0.0
    world.network.weather.duplicate_rate = world.network.weather.reorder_rate = 0.0


def lost(world: Any, machines: list) -> None:
    power = world.universe.rng.random() < 0.5
    world.universe.tell("***", f"lost: {' '.join(machine.name for machine in machines)}")
    for machine in machines:
        machine.held_until = 1e9
        machine.power_cut() if power else machine.kill()


def back(world: Any) -> None:
    for machine in world.machines:
        machine.held_until = 0.0


SCENARIOS: dict[str, Callable[[Any], None]] = {
    work.__name__: work
    for work in (
        storm, calm, n4, az, az1, split, power, acknowledged, recovery, laggards, disks, syncs, flips, astray, half_sent,
        promises, tails, emptied, stale, moves, freed, readers, control, unreached,
    )
}
