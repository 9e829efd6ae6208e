"""The golden tables: an expression a line, then what PostgreSQL 15 answered.

    1 + 2 <tab> 23 <tab> "3"              type OID and text output (null for NULL)
    1 / 0 <tab> 22012 <tab> ! <tab> "division by zero"

Texts are JSON strings. Not here: how the answers were got (`regenerate`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "golden"
SETTINGS = {"timezone": "Europe/Berlin", "datestyle": "ISO, MDY", "intervalstyle": "postgres", "extra_float_digits": "1"}


class Answer(NamedTuple):
    """A value (`sqlstate` empty) or an error; `text` is its output form or message."""

    type_oid: int
    text: str | None
    sqlstate: str = ""


def write(name: str, rows: list[tuple[str, Answer]]) -> None:
    lines = []
    for expression, answer in rows:
        text = json.dumps(answer.text, ensure_ascii=False)
        kind = f"{answer.sqlstate}\t!" if answer.sqlstate else str(answer.type_oid)
        lines.append(f"{json.dumps(expression, ensure_ascii=False)}\t{kind}\t{text}")
    (FOLDER / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(name: str) -> list[tuple[str, Answer]]:
    rows = []
    for line in (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").split("\n"):
        if line:
            expression, kind, *rest = line.split("\t")
            text = json.loads(rest[-1])
            answer = Answer(0, text, kind) if len(rest) == 2 else Answer(int(kind), text)
            rows.append((json.loads(expression), answer))
    return rows
