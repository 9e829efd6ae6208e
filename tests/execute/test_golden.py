"""Every statement of statements.golden gives PostgreSQL's answer, in order, on one database in memory."""

from aurorapy.errors import DatabaseError
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


def wrong_answers(world: World) -> str:
    """What of `statements.golden` is answered otherwise."""
    world.create("t", golden.TABLES["t"], primary="a")
    world.create("u", golden.TABLES["u"], indexes=("x",))
    world.create("e", golden.TABLES["e"])
    wrong = []
    for statement, expected in golden.read():
        got = answer(world, statement)
        if got != expected:
            wrong.append("\n".join([statement, "expected", *expected, "got", *got]))
    return "\n\n".join(wrong)


def test_answers_are_postgresqls():
    assert wrong_answers(World()) == ""
