"""Set-returning calls give PostgreSQL's rows, aggregates its results, for the golden inputs."""

from __future__ import annotations

from aurorapy.errors import DatabaseError
from aurorapy.expressions import registry
from aurorapy.expressions.compile import emit_set, evaluator, fold
from aurorapy.expressions.registry import CallTypes
from aurorapy.expressions.scope import Scope
from aurorapy.expressions.typeoids import ARRAY_OF, type_oid
from aurorapy.sql.bind import bind_expression
from aurorapy.types.values import Array
from tests.expressions import golden, sets
from tests.expressions.test_golden import World


def _rows(world: World, text: str) -> golden.Answer:
    try:
        expr = bind_expression(text, None, world.catalog, context=world.types)
        scope = Scope()
        exec(f"def rows(ctx): return list({emit_set(expr, scope)})", scope.globals)
        shown = [None if v is None else world.ctx.output(v, expr.type_oid) for v in scope.globals["rows"](world.ctx)]
        return golden.Answer(1009, world.ctx.output(Array.of(shown, 25), 1009))
    except DatabaseError as error:
        return golden.Answer(0, error.message, error.sqlstate)


def test_sets() -> None:
    world = World()
    wrong = [(e, want, got) for e, want in golden.read("sets") if (got := _rows(world, e)) != want]
    assert not wrong, wrong


def _aggregate(name: str, oids: tuple[int, ...]) -> registry.Function:
    poly = {2276, 2283, 2776, 2277}

    def fits(given: int, wanted: int) -> bool:
        return given == wanted or (wanted in poly and (wanted == 2277) == (given in registry.ARRAY_TYPES))

    found = [f for f in registry.functions_named(name) if f.kind == "a" and len(f.arg_oids) == len(oids)]
    exact = [f for f in found if f.arg_oids == oids]
    return (exact or [f for f in found if all(fits(g, w) or w == 2276 or w == 2283 for g, w in zip(oids, f.arg_oids))])[0]


def _fold(world: World, f: sets.Fold) -> golden.Answer:
    names = [f.type_name, f.second] if f.second else [f.type_name]
    oids = tuple(type_oid(t) for t in names)
    shown = [t[1:] + "[]" if t.startswith("_") else t for t in names]
    fn = _aggregate(f.name, oids)
    ret = {2277: ARRAY_OF.get(oids[0], oids[0]), 2283: oids[0]}.get(fn.ret_oid, fn.ret_oid)
    step = fn.aggregate
    lead = ((world.ctx,) if fn.needs_context else ()) + ((CallTypes(oids, ret),) if fn.wants_types else ())
    try:
        state = step.init()
        for row in sets.rows_of(f):
            exprs = [bind_expression(f"({v})::{t}", None, world.catalog, context=world.types) for v, t in zip(row, shown)]
            values = evaluator([fold(e, world.ctx) for e in exprs])(world.ctx)
            if not (step.strict and None in values):
                state = step.step(*lead, state, *values)
        value = step.final(state)
        return golden.Answer(ret, None if value is None else world.ctx.output(value, ret))
    except DatabaseError as error:
        return golden.Answer(0, error.message, error.sqlstate)


def test_aggregates() -> None:
    world = World()
    answers = dict(golden.read("aggregates"))
    wrong = [(sets.sql_of(f), want, got) for f in sets.FOLDS if (got := _fold(world, f)) != (want := answers[sets.sql_of(f)])]
    assert not wrong, "\n".join(map(str, wrong))


def test_inline_steps_mean_the_same() -> None:
    values = [3, 1, 2]
    for fn in registry.FUNCTIONS_BY_OID.values():
        fold_ = fn.aggregate
        if fold_ is None or not fold_.inline_step or fn.arg_oids not in ((23,), (20,), (21,)):
            continue
        names = dict(registry.HELPERS)
        step = fold_.inline_step.replace("{s}", "s").replace("{0}", "v")
        exec(f"def run(values):\n s = {fold_.inline_init}\n for v in values:\n  {step}\n return "
             + fold_.inline_final.replace("{s}", "s"), names)  # fmt: skip
        state = fold_.init()
        for value in values:
            state = fold_.step(state, value)
        assert names["run"](values) == fold_.final(state), fn.name
