"""The cycle collector waits for a quiet second, but not for ever."""

import gc

import pytest

from aurorapy.host import collector as module
from aurorapy.host.collector import Collector


class World:
    """A clock of CPU time, a loop that only remembers, and a collector that only counts."""

    def __init__(self, patch):
        self.cpu = 0.0
        self.passes = 0
        self.memory = 1 << 30
        self.calls = []
        patch.setattr(module.gc, "get_count", lambda: (0, self.passes, 0))
        patch.setattr(module.gc, "collect", self.collect)
        patch.setattr(module.gc, "freeze", lambda: None)
        patch.setattr(module.gc, "set_threshold", lambda *thresholds: None)
        self.collected = 0
        self.collector = Collector(lambda seconds, call: self.calls.append(call), lambda: self.cpu, lambda: self.memory)
        self.collector.start()
        self.collected = 0

    def collect(self, generation=2):
        self.collected += 1
        self.generation = generation
        self.passes = 0

    def quiet_second(self, passes):
        self.second(cpu=0.0, passes=passes)
        self.second(cpu=0.0, passes=passes)
        return self.generation

    def second(self, cpu, passes):
        self.cpu += cpu
        self.passes = passes
        self.calls.pop()()
        return self.collected


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def test_a_busy_second_is_left_alone(world):
    assert world.second(cpu=0.9, passes=100) == 0
    assert world.second(cpu=0.0, passes=100) == 0  # it looks once more
    assert world.second(cpu=0.0, passes=100) == 1


def test_a_client_that_has_just_begun_is_left_alone(world):
    world.second(cpu=0.0, passes=100)
    assert world.second(cpu=0.04, passes=100) == 0


def test_nothing_to_do_without_survivors(world):
    assert world.second(cpu=0.0, passes=3) == 0


def test_what_is_old_is_walked_again_when_the_process_has_grown(world):
    assert world.quiet_second(passes=100) == module.SURVIVORS
    world.memory += module.OLD_GROWN_BYTES
    assert world.quiet_second(passes=100) == module.EVERYTHING
    assert world.quiet_second(passes=100) == module.SURVIVORS  # has not grown since


def test_growth_adds_up_between_walks_over_everything(world):
    for _ in range(3):
        assert world.quiet_second(passes=100) == module.SURVIVORS
        world.memory += module.OLD_GROWN_BYTES // 3 + 1
    assert world.quiet_second(passes=100) == module.EVERYTHING


def test_very_much_does_not_wait(world):
    world.memory += module.GROWN_BYTES
    assert world.second(cpu=0.9, passes=501) == 1
    assert world.generation == module.EVERYTHING
    assert world.second(cpu=0.9, passes=501) == 1  # has not grown since


def test_very_much_that_went_again_waits(world):
    assert world.second(cpu=0.9, passes=501) == 0


def test_young_objects_are_still_walked(request):
    before = gc.get_threshold()
    request.addfinalizer(lambda: (gc.unfreeze(), gc.set_threshold(*before)))
    Collector(lambda *call: None).start()
    made = [[] for _ in range(1000)]
    for one in made:
        one.append(one)
    del made, one
    before_passes = gc.get_stats()[0]["collections"]
    kept = [[] for _ in range(module.YOUNG_OBJECTS + 1000)]
    assert gc.get_stats()[0]["collections"] > before_passes and kept
