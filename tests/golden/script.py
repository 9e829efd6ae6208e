"""The text form of a golden script: parsed to steps, and written back with other answers.

    script = parse(path.read_text())
    script.steps[0].session, .sql, .answer        "c1", "select 1", ["| ?column? int4", "| 1", "= SELECT 1"]
    render(script)                                 the same text

Steps of kind `resume` (`c2<`) belong to answers: regeneration drops and makes them anew.

Errors: ValueError with the line number for a line that is no part of the form.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

HEAD = re.compile(r"(?P<session>c\d+)(?: (?P<values>\[.*\]))?> ?(?P<sql>.*)")
RESUME = re.compile(r"(?P<session>c\d+)<")
ANSWER_MARKS = (": ", "| ", "|", "= ", "! ", "~ ", ". ", "G ")
INDENT = "    "


@dataclass(slots=True)
class Step:
    """One statement (or resumption) and the answer that belongs to it.

    before: comment and blank lines, kept as they are. kind: sql, psql, copy, resume.
    """

    kind: str
    session: str = "c1"
    sql: str = ""
    values: list | None = None
    line: int = 0
    before: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    differs: str = ""  # why aurorapy answers otherwise
    own_answer: list[str] = field(default_factory=list)  # and what

    @property
    def waits(self) -> bool:
        return self.answer == [". waits"]


@dataclass(slots=True)
class Script:
    steps: list[Step]
    masks: list[str]
    after: list[str]

    def masked(self, line: str) -> str:
        for mask in self.masks:
            line = re.sub(mask, "…", line)
        return line


def parse(text: str) -> Script:
    script = Script([], [], [])
    pending: list[str] = []
    differs = ""
    step: Step | None = None
    in_sql = False
    for number, line in enumerate(text.splitlines(), 1):
        if in_sql and line.startswith(INDENT):
            step.sql += "\n" + line[len(INDENT) :]
            continue
        in_sql = False
        if not line.strip() or line.startswith("#"):
            pending.append(line)
        elif line.startswith("@mask "):
            script.masks.append(line[6:])
            pending.append(line)
        elif line.startswith("@differs "):
            differs = line[9:]
        elif (new := _step(line)) is not None:
            step, in_sql = new, new.kind != "resume"
            step.line, step.before, step.differs = number, pending, differs
            pending, differs = [], ""
            script.steps.append(step)
        elif step is not None and line.startswith(ANSWER_MARKS):
            step.answer.append(line)
        elif step is not None and step.differs and line.startswith("a"):
            step.own_answer.append(line[1:])
        else:
            raise ValueError(f"line {number} is no part of a golden script: {line!r}")
    script.after = pending
    return script


def _step(line: str) -> Step | None:
    if line.startswith("psql> "):
        return Step("psql", sql=line[6:])
    if line.startswith("copy> ") or line == "copy>":
        return Step("copy", sql=line[6:])
    if match := RESUME.fullmatch(line):
        return Step("resume", match["session"])
    if match := HEAD.fullmatch(line):
        values = match["values"]
        parsed = ast.literal_eval(re.sub(r"\bNULL\b", "None", values)) if values else None
        return Step("sql", match["session"], match["sql"], parsed)
    return None


def render(script: Script) -> str:
    lines: list[str] = []
    for step in script.steps:
        lines += step.before
        if step.differs:
            lines.append(f"@differs {step.differs}")
        lines += [_head(step), *step.answer, *(f"a{line}" for line in step.own_answer)]
    return "\n".join(lines + script.after) + "\n"


def _head(step: Step) -> str:
    if step.kind == "resume":
        return f"{step.session}<"
    sql = step.sql.replace("\n", "\n" + INDENT)
    if step.kind != "sql":
        return f"{step.kind}> {sql}".rstrip()
    if step.values is None:
        return f"{step.session}> {sql}".rstrip()
    values = ", ".join("NULL" if value is None else repr(value) for value in step.values)
    return f"{step.session} [{values}]> {sql}"
