"""What the planner chooses, shown as EXPLAIN shows it. The tables pretend to be large."""

from textwrap import dedent

import pytest

from aurorapy.errors import DatabaseError
from aurorapy.execute.explain import number_nodes, read_options, render
from tests.execute.fakes import World


@pytest.fixture
def world() -> World:
    made = World()
    made.create("t", "a int4 not null, b text, c int8", primary="a")
    made.create("u", "x int4, y text", indexes=("x",))
    made.create("v", "p int4, q int4")
    made.analyzed("t", 10000, 100)
    made.analyzed("u", 1000, 10)
    return made


def shape(world: World, text: str, costs: bool = False) -> str:
    planned = world.plan(text)
    number_nodes(planned)
    return "\n".join(render(planned, read_options({"costs": costs}), {}, []))


def test_costs_are_postgresqls(world):
    assert shape(world, "select * from v", True) == "Seq Scan on v  (cost=0.00..32.60 rows=2260 width=8)"
    assert shape(world, "select * from t", True) == "Seq Scan on t  (cost=0.00..200.00 rows=10000 width=44)"
    assert shape(world, "select * from t where b = 'x'", True).startswith("Seq Scan on t  (cost=0.00..225.00 rows=50 width=44)")


CHOICES = [
    ("select * from t where a = 5",
     """
     Index Scan using t_pkey on t
       Index Cond: (a = 5)
     """),
    ("select * from t order by a desc limit 3",
     """
     Limit
       ->  Index Scan Backward using t_pkey on t
     """),
    ("select t.a, u.y from t join u on t.a = u.x where u.y = 'k'",
     """
     Nested Loop
       ->  Seq Scan on u
             Filter: (y = 'k'::text)
       ->  Index Scan using t_pkey on t
             Index Cond: (a = u.x)
     """),
    ("select a from t where a in (select x from u)",
     """
     Hash Semi Join
       Hash Cond: (t.a = u.x)
       ->  Seq Scan on t
       ->  Hash
             ->  Seq Scan on u
     """),
    ("select a from t where not exists (select 1 from u where x = a)",
     """
     Hash Anti Join
       Hash Cond: (t.a = u.x)
       ->  Seq Scan on t
       ->  Hash
             ->  Seq Scan on u
     """),
    ("select b, count(*) from t group by b having count(*) > 1 order by 2 desc limit 5",
     """
     Limit
       ->  Sort
             Sort Key: (count(*)) DESC
             ->  HashAggregate
                   Group Key: b
                   Filter: (count(*) > 1)
                   ->  Seq Scan on t
     """),
    ("select t.a from t left join u on t.a = u.x where u.y > 'k'",
     """
     Hash Join
       Hash Cond: (t.a = u.x)
       ->  Seq Scan on t
       ->  Hash
             ->  Seq Scan on u
                   Filter: (y > 'k'::text)
     """),
    ("select a, (select max(y) from u) m from t where c > 3",
     """
     Seq Scan on t
       Filter: (c > 3)
       InitPlan 1 (returns $0)
         ->  Aggregate
               ->  Seq Scan on u
     """),
    ("select * from (select b, count(*) from t group by b) s where s.b = 'x'",
     """
     HashAggregate
       Group Key: t.b
       ->  Seq Scan on t
             Filter: (b = 'x'::text)
     """),
    ("update t set c = c + 1 where a = 3",
     """
     Update on t
       ->  Index Scan using t_pkey on t
             Index Cond: (a = 3)
     """),
    ("select * from t where 1 = 2",
     """
     Result
       One-Time Filter: false
     """),
    ("select 1 from t join u on t.a = u.x and u.x = 7 left join v on p = a",
     """
     Nested Loop
       ->  Nested Loop Left Join
             Join Filter: (v.p = t.a)
             ->  Index Scan using t_pkey on t
                   Index Cond: (a = 7)
             ->  Seq Scan on v
       ->  Index Scan using u_x_idx on u
             Index Cond: (x = 7)
     """),
    ("select * from t where ctid = '(0,1)'",
     """
     Tid Scan on t
       TID Cond: (ctid = '(0,1)'::tid)
     """),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", CHOICES, ids=[text[:50] for text, _ in CHOICES])
def test_choice(world, text, expected):
    assert shape(world, text) == dedent(expected).strip("\n")


def test_table_locks_and_privileges(world):
    planned = world.plan("update t set c = 1 from u where u.x = t.a and exists (select 1 from v)")
    names = {world.catalog.relation(oid).name: mode for oid, mode in planned.locks}
    assert names == {"t": "ROW EXCLUSIVE", "u": "ACCESS SHARE", "v": "ACCESS SHARE"}
    planned = world.plan("select 1 from t, u for update of t")
    names = {world.catalog.relation(oid).name: mode for oid, mode in planned.locks}
    assert names == {"t": "ROW SHARE", "u": "ACCESS SHARE"}


def test_a_full_join_needs_an_equality(world):
    with pytest.raises(DatabaseError) as caught:
        world.plan("select 1 from t full join u on a < x")
    assert caught.value.sqlstate == "0A000"


@pytest.mark.parametrize("text, point", [
    ("select b from t where a = 1", True), ("select b from t where a = $1", True), ("delete from t where 1 = a", True),
    ("update t set c = c + $1 where a = $2 returning c", True), ("select b from t where a = 1 and c = 2", False),
    ("select b from t where a > 1", False), ("select count(*) from t where a = 1", False),
    ("select b from t where a = 1 for update", False), ("select (select 1) from t where a = 1", False),
])  # fmt: skip
def test_which_statements_take_the_short_path(world, text, point):
    assert (world.plan(text).point is not None) is point


def test_unknown_explain_option():
    with pytest.raises(DatabaseError) as caught:
        read_options({"nonsense": None})
    assert caught.value.sqlstate == "42601"


def test_min_and_max_read_one_end_of_the_index(world):
    text = shape(world, "select min(a), max(x) from t, u")
    assert "Aggregate" in text
    assert shape(world, "select max(x) from u") == dedent("""
        Result
          InitPlan 1 (returns $0)
            ->  Limit
                  ->  Index Scan Backward using u_x_idx on u
                        Index Cond: (x IS NOT NULL)
        """).strip("\n")
    world.run("insert into u values (null, 'n'), (3, 'c'), (1, 'a'), (7, 'z')")
    assert world.run("select min(x), max(x), max(x) + 1 from u where y <> 'z'") == [(1, 3, 4)]
    assert world.run("select max(x) from u having max(x) > 7") == []
    assert world.run("select min(x) from u where x > 100") == [(None,)]
