"""Window functions' rows of pg_proc: what they take and give.

    rank() OVER (ORDER BY amount)      lag(amount, 1, 0) OVER (PARTITION BY region ORDER BY day)

They have no implementation of their own: a value depends on the whole partition, and the executor computes it by the
function's name (`execute.rows.window_functions`).

Not here: aggregates over windows (`aggregates`).
"""

from __future__ import annotations

from aurorapy.expressions.registry import Function, add_function, parse_signature

_WINDOW_FUNCTIONS = (
    ("row_number() int8", 3100, False),
    ("rank() int8", 3101, False),
    ("dense_rank() int8", 3102, False),
    ("percent_rank() float8", 3103, False),
    ("cume_dist() float8", 3104, False),
    ("ntile(int4) int4", 3105, True),
    ("lag(anyelement) anyelement", 3106, True),
    ("lag(anyelement, int4) anyelement", 3107, True),
    ("lag(anycompatible, int4, anycompatible) anycompatible", 3108, True),
    ("lead(anyelement) anyelement", 3109, True),
    ("lead(anyelement, int4) anyelement", 3110, True),
    ("lead(anycompatible, int4, anycompatible) anycompatible", 3111, True),
    ("first_value(anyelement) anyelement", 3112, True),
    ("last_value(anyelement) anyelement", 3113, True),
    ("nth_value(anyelement, int4) anyelement", 3114, True),
)

for _signature, _oid, _strict in _WINDOW_FUNCTIONS:
    _parsed = parse_signature(_signature)
    add_function(
        Function(oid=_oid, name=_parsed.name, arg_oids=_parsed.arg_oids, ret_oid=_parsed.ret_oid, strict=_strict, kind="w")
    )
