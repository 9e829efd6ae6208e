"""The executor over real heaps, B-trees and transactions: the golden statements, and two sessions that meet at a row."""

import asyncio

import pytest

from aurorapy.errors import SerializationFailure
from aurorapy.host.tasks import GreenletTasks
from tests.execute.heaps import HeapWorld
from tests.execute.test_golden import wrong_answers
from tests.support.memory_volume import make_env


def test_answers_are_postgresqls():
    assert wrong_answers(HeapWorld()) == ""


class Sessions:
    """Scripts of statements, each session a task; `log` says who got what, in the order things happened."""

    def __init__(self) -> None:
        self.tasks = GreenletTasks(asyncio.new_event_loop())
        self.world = HeapWorld()
        self.world.env = make_env(tasks=self.tasks)
        self.log: list[str] = []
        self.tasks.run(self._set_up)

    def _set_up(self) -> None:
        self.world.create("t", "id int4 not null, n int4", primary="id")
        self.world.run("insert into t values (1, 10), (2, 20)")

    def start(self, name: str, isolation: str, *steps) -> None:
        """steps: SQL texts, or waiters to stop at."""

        def work() -> None:
            transaction = self.world.begin(isolation)
            try:
                for step in steps:
                    if not isinstance(step, str):
                        step.wait()
                        continue
                    rows = self.world.execute_in(transaction, self.world.prepare(step))
                    self.log.append(f"{name} {rows or self.world.processed}")
                transaction.commit()
                self.log.append(f"{name} commit")
            except SerializationFailure as error:
                transaction.abort()
                self.log.append(f"{name} {error.message}")

        self.tasks.spawn(work, name=name)

    def run(self) -> None:
        """Until everybody waits."""
        self.tasks.run(lambda: [self.tasks.pause() for _ in range(50)])

    def rows(self) -> list:
        return self.tasks.run(lambda: self.world.run("select n from t order by id"))


UPDATE = "update t set n = n + 1 where {} returning n"


@pytest.mark.parametrize("where", ["id = 1", "n < 15"])
def test_the_second_update_adds_to_the_first(where):
    s = Sessions()
    go = s.tasks.waiter()
    s.start("a", "read committed", UPDATE.format(where), go)
    s.run()
    s.start("b", "read committed", UPDATE.format(where))
    s.run()
    assert s.log == ["a [(11,)]"]
    go.wake()
    s.run()
    assert s.log == ["a [(11,)]", "a commit", "b [(12,)]", "b commit"]
    assert s.rows() == [(12,), (20,)]


def test_the_condition_is_checked_again():
    s = Sessions()
    go = s.tasks.waiter()
    s.start("a", "read committed", "update t set n = 100 where id = 1", go)
    s.run()
    s.start("b", "read committed", "delete from t where n < 50 returning id")
    s.run()
    go.wake()
    s.run()
    assert s.log == ["a 1", "a commit", "b [(2,)]", "b commit"]


def test_repeatable_read_gives_up():
    s = Sessions()
    go, see = s.tasks.waiter(), s.tasks.waiter()
    s.start("b", "repeatable read", "select n from t where id = 1", see, UPDATE.format("id = 1"))
    s.start("a", "read committed", UPDATE.format("id = 1"), go)
    s.run()
    see.wake()
    s.run()
    go.wake()
    s.run()
    assert s.log[-1] == "b could not serialize access due to concurrent update"
    assert s.rows() == [(11,), (20,)]


def test_for_update_waits_and_sees_the_newest():
    s = Sessions()
    go = s.tasks.waiter()
    s.start("a", "read committed", UPDATE.format("id = 1"), go)
    s.run()
    s.start("b", "read committed", "select n from t where id = 1 for update", UPDATE.format("id = 1"))
    s.start("c", "read committed", "select id from t order by id for update skip locked")
    s.run()
    assert s.log == ["a [(11,)]", "c [(2,)]", "c commit"]
    go.wake()
    s.run()
    assert s.log[3:] == ["a commit", "b [(11,)]", "b [(12,)]", "b commit"]


def test_on_conflict_waits_for_the_other_insert():
    s = Sessions()
    go = s.tasks.waiter()
    text = "insert into t values (9, 1) on conflict (id) do update set n = t.n + 1 returning n"
    s.start("a", "read committed", text, go)
    s.run()
    s.start("b", "read committed", text)
    s.run()
    go.wake()
    s.run()
    assert s.log == ["a [(1,)]", "a commit", "b [(2,)]", "b commit"]
