"""Where a running statement may be interrupted from outside, told from its stack.

    session/output.run_portal ─▶ <plan> run ─▶ expressions/functions/jsonb.…     others may run
    session/prepared._compile ─▶ sql/plan/stats.selectivity                      others may run
    … ─▶ <plan> run ─▶ access/table.update ─▶ expressions/…                      no: a stretch without a switch
    … ─▶ sql/bind/…  ─▶ sql/tree.Rte.__del__                                     no: what it raises is lost
    … ─▶ <plan> run ─▶ (a page in C) ─▶ types/values.Array()                     no: C holds a pointer into a frame

Planning a statement of a hundred thousand terms, or a function over one huge value, is ordinary Python that cannot
sprinkle give_way() everywhere. A timer asks (`host.preemption`) whether the frame it met belongs to code that works on
values of its own alone: everything from there up to the session has to be of `FREE` folders, and to have come through
the plan's own code or through `sql`, both of which may meet a switch in any call.

Not here: the timer, and loops that call give_way() themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aurorapy

_HOME = str(Path(aurorapy.__file__).parent) + "/"
FREE = (
    "expressions/", "types/", "execute/rows/runtime.py", "execute/rows/row_order.py", "execute/rows/sorted_runs.py",
    "execute/rows/grouping.py", "execute/rows/window_functions.py", "execute/rows/sets.py", "execute/ddl/__init__.py",
    "execute/ddl/create_table_as.py", "execute/rows/codegen.py", "execute/rows/operators.py", "execute/rows/scans.py",
    "execute/modify/statements.py",
)  # fmt: skip
COMPILES = "execute/executable.py"  # plans, as `sql` does

_BOUND, _FREE, _PLAN, _SQL, _MAKER, _BASE = range(6)

_kinds: dict[str, int] = {"<plan>": _PLAN}


def may_switch(frame: Any) -> bool:
    """Whether others may run while this frame is in the middle of its work."""
    through_gate = False
    made = False  # the frame below makes a value, perhaps for C code that takes a row apart: an expression is harmless
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return False
        name = frame.f_code.co_filename
        kind = _kinds.get(name)
        if kind is None:
            kind = _kinds[name] = _kind(name)
        if kind == _BOUND or (made and kind in (_PLAN, _BASE)):
            return False
        if kind == _BASE:
            return through_gate
        through_gate = through_gate or kind in (_PLAN, _SQL)
        made = kind == _MAKER
        frame = frame.f_back
    return False


def _kind(name: str) -> int:
    if not name.startswith(_HOME):
        return _BOUND if name.startswith("<frozen") else _MAKER  # a library, on behalf of its caller; not an import
    place = name[len(_HOME) :]
    if place.startswith("session/"):
        return _BASE
    if place.startswith("sql/") or place == COMPILES:
        return _SQL
    if place == "types/values.py":
        return _MAKER
    return _FREE if place.startswith(FREE) else _BOUND
