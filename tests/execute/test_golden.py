"""Every statement of statements.golden gives PostgreSQL's answer, in order, on one database in memory."""

from aurorapy.errors import DatabaseError
from aurorapy.expressions import registry
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext
from tests.execute import golden
from tests.execute.fakes import World

CONTEXT = TypeContext()


def answer(world: World, statement: str) -> list[str]:
    try:
        executable = world.prepare(statement)
        rows = world.execute(executable)
    except DatabaseError as error:
        return [f"! {error.sqlstate} {error.message}"]
    if not executable.columns:
        return [f"= {world.processed}"]
    kinds = [TYPES[c.type_oid] for c in executable.columns]
    shown = [tuple(None if v is None else k.output(v, CONTEXT) for v, k in zip(row, kinds)) for row in rows]
    if "order by" not in statement.lower():
        shown.sort(key=str)
    return golden.show(shown)


def test_answers_are_postgresqls():
    world = World()
    world.create("t", golden.TABLES["t"], primary="a")
    world.create("u", golden.TABLES["u"], indexes=("x",))
    world.create("e", golden.TABLES["e"])
    wrong = []
    has_windows = bool(registry.functions_named("row_number"))
    for statement, expected in golden.read():
        if not has_windows and any(word in statement for word in ("row_number", "lag(", "ntile")):
            continue
        got = answer(world, statement)
        if got != expected:
            wrong.append("\n".join([statement, "expected", *expected, "got", *got]))
    assert not wrong, "\n\n".join(wrong)
