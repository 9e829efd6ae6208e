"""INSERT, UPDATE, DELETE: constraints, RETURNING, and meeting rows that others changed."""

import pytest

from aurorapy.errors import DatabaseError, LockNotAvailable, SerializationFailure
from tests.execute.fakes import MemoryTransaction, Outcome, World


@pytest.fixture
def world() -> World:
    made = World()
    made.create("t", "id int4 not null, n int4, s text", primary="id", checks={"t_n_check": "n < 1000"})
    made.run("insert into t values (1, 10, 'one'), (2, 20, 'two'), (3, 30, 'three')")
    return made


def changed_by_another(world: World, tid: int, row: tuple | None):
    """Effect of another transaction: the row gets a new version, or goes."""

    def effect() -> None:
        table = world.table(world.catalog.relation_by_name(None, "t"))
        if row is None:
            table.versions[tid][2] = 0
            return
        table.versions.append([row, 0, None, None])
        table.versions[tid][2:] = [0, len(table.versions) - 1]
        for index in table.indexes.values():
            index.entries.append((index.codec.encode((row[0],)), len(table.versions) - 1))

    return effect


def table_of(world: World):
    return world.table(world.catalog.relation_by_name(None, "t"))


def test_not_null_violation_shows_the_row(world):
    with pytest.raises(DatabaseError) as caught:
        world.run("insert into t (n, s) values (5, repeat('x', 70))")
    assert caught.value.sqlstate == "23502"
    assert caught.value.message == 'null value in column "id" of relation "t" violates not-null constraint'
    assert caught.value.detail == f"Failing row contains (null, 5, {'x' * 64}...)."


@pytest.mark.parametrize("text", ["insert into t values (9, 1000, 'x')", "update t set n = 5000 where n = 10"])
def test_check_violation(world, text):
    with pytest.raises(DatabaseError) as caught:
        world.run(text)
    assert caught.value.sqlstate == "23514"
    assert caught.value.message == 'new row for relation "t" violates check constraint "t_n_check"'


def test_check_that_is_null_passes(world):
    world.run("insert into t values (9, null, 'x')")
    assert world.processed == 1


@pytest.mark.parametrize("where", ["id = 1", "n = 10", "id in (1)"])
def test_update_goes_on_with_the_newest_version_after_a_wait(world, where):
    table = table_of(world)
    if where == "n = 10":
        where = "n < 15"
    table.script = [(Outcome(5, 0, 99), changed_by_another(world, 0, (1, 11, "uno")))]
    assert world.run(f"update t set n = n + 1 where {where} returning id, n, s") == [(1, 12, "uno")]
    assert world.transaction.waited == [99]
    assert world.run("select n from t where id = 1") == [(12,)]


@pytest.mark.parametrize("text", ["update t set n = n + 1 where n = 10", "delete from t where n = 10"])
def test_a_row_that_no_longer_fits_is_left_alone(world, text):
    table_of(world).script = [(Outcome(5, 0, 99), changed_by_another(world, 0, (1, 11, "uno")))]
    world.run(text)
    assert world.processed == 0
    assert world.run("select n from t where id = 1") == [(11,)]


def test_a_row_deleted_meanwhile_is_skipped(world):
    table_of(world).script = [(Outcome(5, 0, 99), changed_by_another(world, 0, None))]
    world.run("update t set n = 0 where id = 1")
    assert world.processed == 0


def test_join_conditions_are_checked_again(world):
    world.create("u", "x int4, y int4")
    world.run("insert into u values (10, 1), (20, 2)")
    table_of(world).script = [(Outcome(5, 0, 99), changed_by_another(world, 0, (1, 99, "uno")))]
    world.run("update t set s = 'hit' from u where u.x = t.n")
    assert world.processed == 1
    assert world.run("select s from t order by id") == [("uno",), ("hit",), ("three",)]


@pytest.mark.parametrize("code, word", [(3, "update"), (4, "delete")])
def test_repeatable_read_refuses(world, code, word):
    world.transaction = MemoryTransaction("repeatable read")
    world.transaction.command = 5
    table_of(world).script = [(Outcome(code, 1), None)]
    with pytest.raises(SerializationFailure) as caught:
        world.run("update t set n = 0 where id = 1")
    assert caught.value.message == f"could not serialize access due to concurrent {word}"


def test_for_update_sees_the_newest_version(world):
    table_of(world).script = [(Outcome(5, 0, 99), changed_by_another(world, 0, (1, 11, "uno")))]
    assert world.run("select id, n, s from t where n < 15 for update") == [(1, 11, "uno")]


def test_for_update_drops_a_row_that_no_longer_fits(world):
    table_of(world).script = [(Outcome(5, 0, 99), changed_by_another(world, 0, (1, 500, "uno")))]
    assert world.run("select id from t where n < 25 order by id for update") == [(2,)]


def test_nowait_and_skip_locked(world):
    table = table_of(world)
    table.script = [(Outcome(5, 0, 99), None)]
    with pytest.raises(LockNotAvailable) as caught:
        world.run("select id from t where n = 10 for update nowait")
    assert caught.value.message == 'could not obtain lock on row in relation "t"'
    table.script = [(Outcome(5, 0, 99), None)]
    assert world.run("select id from t order by id limit 1 for update skip locked") == [(2,)]
    assert world.transaction.waited == []


def test_returning_runs_the_statement_to_its_end_before_the_first_row(world):
    executable = world.prepare("update t set n = n + 1 returning id")
    world.transaction.command += 1
    rows = iter(executable.run(world.context()))
    next(rows)
    world.transaction.command += 1
    assert world.run("select sum(n) from t") == [(63,)]


def test_generated_columns_follow_the_row():
    world = World()
    world.create("g", "a int4, b int4 generated a * 2, c text default 'd'")
    assert world.run("insert into g (a) values (3) returning a, b, c") == [(3, 6, "d")]
    assert world.run("update g set a = 5 returning b") == [(10,)]


def test_an_executable_is_reentrant(world):
    executable = world.prepare("select n from t where n > $1 order by n", [23])
    world.transaction.command += 1
    first, second = iter(executable.run(world.context((5,)))), iter(executable.run(world.context((15,))))
    assert [next(first), next(second), next(first), next(second)] == [(10,), (20,), (20,), (30,)]
