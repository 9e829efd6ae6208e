"""The golden tables: lines of type, settings, literal, then what PostgreSQL 15 answered.

    int4 <tab> <tab> "42" <tab> ok <tab> "42" <tab> 0000002a
    int4 <tab> <tab> "x" <tab> 22P02 <tab> "invalid input syntax ..." <tab> detail <tab> hint <tab> context

Texts are JSON strings, so any character fits on a line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "golden"


class Answer(NamedTuple):
    """`state` is ok or a SQLSTATE; texts[0] is the output or the message, then binary hex or detail, hint, context."""

    state: str
    texts: tuple[str, ...]


def write(name: str, rows: list[tuple[str, str, str, Answer]]) -> None:
    lines = []
    for type_name, settings, literal, answer in rows:
        texts = [json.dumps(text, ensure_ascii=False) for text in answer.texts]
        lines.append("\t".join([type_name, settings, json.dumps(literal, ensure_ascii=False), answer.state, *texts]))
    (FOLDER / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(name: str) -> list[tuple[str, str, str, Answer]]:
    rows = []
    for line in (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").split("\n"):
        if line:
            type_name, settings, literal, state, *texts = line.split("\t")
            rows.append((type_name, settings, json.loads(literal), Answer(state, tuple(map(json.loads, texts)))))
    return rows
