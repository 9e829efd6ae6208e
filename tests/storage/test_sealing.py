"""What comes in while a memtable is cut into a run is in the run, or in a memtable afterwards."""

from aurorapy.storage import messages as m
from tests.storage.peers import EPOCH, PAGES, Peers, with_config


def joined(batches: list[m.Write]) -> m.Write:
    """Batches that follow each other, as one."""
    return m.Write(EPOCH, 0, batches[0].prev, batches[-1].last, 0, b"".join(batch.records for batch in batches))


def batches(fleet: Peers, count: int) -> list[m.Write]:
    """So many of the writer's, which reach nobody."""
    fleet.cut, fleet.vdl = set(fleet.nodes), 1 << 40
    fleet.write(count)
    made, fleet.kept = fleet.kept, []
    return [joined([batch]) for batch in made]


def test_a_batch_with_other_borders_that_comes_while_its_beginning_is_sealed():
    fleet = Peers(1, config=with_config(step_bytes=256, retention_s=1e9, retention_bytes=1 << 40))
    node, segment = fleet.nodes["F"], fleet.segment("F")
    sent: list[m.Write] = []
    while len(segment.tables) < 2:
        sent += batches(fleet, 1)
        node.step(sent[-1], 0.0)
    fleet.run(0.5)
    *gap, behind = batches(fleet, 3)
    step, came = node.background._step, []

    def deliver():
        if not came:
            came.append(segment.tables[0])
            node.step(behind, 0.0)
            node.step(joined([*sent[-2:], *gap]), 0.0)  # a peer's answer to what was asked before the last two came
        step()

    node.background._step = deliver
    node.step(m.Horizons(EPOCH, 0, segment.scl, segment.scl), 0.0)  # the first table may be sealed now
    node.background.wake()
    fleet.run(1.0)
    assert came and came[0] not in segment.tables and segment.scl == fleet.last
    assert fleet.pages("F", fleet.last) == [fleet.expected(page_no, fleet.last) for page_no in range(PAGES)]
