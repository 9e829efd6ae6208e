"""Every stop of the tour in aurorapy/__init__.py (path:function) leads to a function that is there."""

from __future__ import annotations

import re

import aurorapy
from tests.tidy.sources import ROOT

STOP = re.compile(r"([\w/]+\.pyx?):(\w+(?:\.\w+)*)")


def stops() -> list[tuple[str, str]]:
    return STOP.findall(aurorapy.__doc__ or "")


def test_the_tour_has_stops():
    assert len(stops()) >= 10


def test_every_stop_exists():
    wrong = []
    for place, function in stops():
        path = next((base / place for base in (ROOT, ROOT / "aurorapy", ROOT / "ext" / "aurorapy_native", ROOT / "ext")
                     if (base / place).exists()), None)  # fmt: skip
        if path is None:
            wrong.append(f"{place} is no file")
            continue
        name = function.split(".")[-1]
        if not re.search(rf"^\s*(?:async )?(?:def|cpdef|cdef|class)\b[^\n(=]*\b{name}\b", path.read_text(), re.M):
            wrong.append(f"{place} has no {function}")
    assert not wrong, "\n".join(wrong)
