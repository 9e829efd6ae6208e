"""Plans that strain the code generator: depth, width, boundaries, laziness."""

import pytest

from aurorapy.execute.rows.point import generate_point
from tests.execute.fakes import World


@pytest.fixture
def world() -> World:
    made = World()
    made.create("t", "a int4 not null, b text, c int8", primary="a", indexes=("c desc, a",))
    made.run("insert into t select i, 'r' || (i % 3), i % 4 from generate_series(1, 40) i")
    return made


def test_twelve_joins(world):
    tables = ", ".join(f"t t{i}" for i in range(12))
    on = " and ".join(f"t{i}.a = t{i + 1}.a" for i in range(11))
    assert world.run(f"select count(*) from {tables} where {on}") == [(40,)]


def test_nested_loops_deeper_than_python_allows(world):
    ranges = ", ".join(f"generate_series(1, 2) g{i}" for i in range(11))
    assert world.run(f"select count(*) from {ranges}") == [(2**11,)]


def test_subqueries_thirty_deep(world):
    text = "select a from t where a = 7"
    for i in range(30):
        text = f"select a from ({text} limit 5) s{i}"
    assert world.run(text) == [(7,)]


def test_correlated_three_levels(world):
    text = """select a from t t1 where a < 4 and exists (select 1 from t t2 where t2.a = t1.a + 1
              and exists (select 1 from t t3 where t3.a = t2.a + t1.a)) order by a"""
    assert world.run(text) == [(1,), (2,), (3,)]


def test_limit_stops_the_scan(world):
    executable = world.prepare("select a from t limit 2")
    table = world.table(world.catalog.relation_by_name(None, "t"))
    pages = []
    original = table.scan
    table.scan = lambda *args: (pages.append(page) or page for page in original(*args))
    assert world.execute(executable) == [(1,), (2,)]
    assert len(pages) == 1


@pytest.mark.parametrize("statement", [
    "select b, a from t where a between 3 and 9", "select a from t", "select a from t where a in (3, 1)",
    "select count(*), sum(a), min(c), max(a), avg(c) from t", "select b from t where a between 1 and 9 order by b",
    "select distinct b from t where a between 3 and 9 order by b desc", "select distinct b, c from t",
    "select a from t order by b, a limit 7",
])  # fmt: skip
def test_no_code_for_a_single_row(world, statement):
    executable = world.prepare(statement)
    assert " in page:" not in executable.source
    rows = world.execute(executable)
    world.settings = {"enable_indexscan": "off"}
    wrapped = world.run(f"select * from ({statement} offset 0) s offset 0")
    assert rows and (rows == wrapped if "order by" in statement else sorted(rows) == sorted(wrapped))


@pytest.mark.parametrize("where, expected", [
    ("c = 1 and a > 30", [33, 37]), ("c in (0, 2) and a < 8", [2, 4, 6]), ("c > 2 and a < 10", [3, 7]),
    ("c >= 2 and c < 3 and a < 10", [2, 6]), ("c is null", []), ("c < 1 and a <= 8", [4, 8]),
    ("a between 5 and 7", [5, 6, 7]), ("a = any(array[3, 1, 3, null])", [1, 3]), ("a > 39 or a < 2", [1, 40]),
    ("a = 99999999999", []), ("a < 99999999999 and a > 38", [39, 40]),
])  # fmt: skip
def test_index_conditions(world, where, expected):
    for settings in ({"enable_seqscan": "off"}, {"enable_indexscan": "off"}):
        world.settings = settings
        assert world.run(f"select a from t where {where} order by a") == [(a,) for a in expected]


@pytest.mark.parametrize("order", ["a", "a desc", "c desc, a", "c, a desc"])
def test_index_gives_the_order(world, order):
    world.analyzed("t", 10000, 100)
    planned = world.plan(f"select a, c from t order by {order} limit 5")
    assert "IndexScan" in repr(type(planned.root.child))
    everything = world.run(f"select a, c from t order by {order}, a || ''")
    assert world.run(f"select a, c from t order by {order} limit 5") == everything[:5]


def test_point_path_has_no_generator(world):
    planned = world.plan("select b from t where a = $1")
    assert planned.point is not None
    run, source = generate_point(planned)
    assert "yield" not in source and "for " not in source
    assert world.run("select b from t where a = $1", (5,)) == [("r2",)]
    assert world.run("select b from t where a = $1", (None,)) == []
    assert world.run("select b from t where a = $1", (999,)) == []


def test_joins_agree_whatever_the_method(world):
    world.create("u", "x int4, y int4", indexes=("x",))
    world.run("insert into u select i * 3 % 50, i from generate_series(1, 60) i union all select null, 1")
    for kind in ("join", "left join", "right join", "full join"):
        answers = []
        for off in (["enable_hashjoin"], ["enable_nestloop"], ["enable_indexscan", "enable_hashjoin"]):
            world.settings = dict.fromkeys(off, "off")
            answers.append(world.run(f"select a, x, y from t {kind} u on a = x order by a, y, x"))
        assert answers[0] == answers[1] == answers[2]


def test_recursive_query_is_lazy(world):
    text = "with recursive r(i) as (select 1 union all select i + 1 from r) select i from r limit 3"
    assert world.run(text) == [(1,), (2,), (3,)]
