"""Runs one golden script against a server, and says where the answers differ.

    differences = verify(script, Target("127.0.0.1", 5432))
    fresh = regenerate(script, Target("127.0.0.1", 5499, is_oracle=True))

A statement that is expected to wait is given `WAIT_S` to prove it; while PostgreSQL's answers are taken, the server
itself is asked whether the client waits for a lock. Every session of a script starts anew; the database is emptied
before.

Errors: ConnectionLost inside a step becomes the answer `! connection lost`.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, replace

from tests.golden.answers import escaped, lines_of
from tests.golden.script import Script, Step
from tests.support.pgwire import ConnectionLost, Wire
from tests.support.server import wipe

WAIT_S = 0.15
SHOWN, SHOWN_LINES = 300, 12  # of a difference: characters of a line, lines
ANSWER_S = 10.0
PROVEN_BLOCKED_S = 0.4  # longer than the lock and statement timeouts that scripts set


@dataclass(frozen=True, slots=True)
class Target:
    host: str
    port: int
    is_oracle: bool = False
    extended: bool = False  # statements without parameters go through Parse, Bind, Execute all the same


@dataclass(slots=True)
class Difference:
    """One step that was answered otherwise."""

    step: Step
    expected: list[str]
    got: list[str]

    def __str__(self) -> str:
        lines = [f"line {self.step.line}: {self.step.session}> {self.step.sql}"]
        lines += [f"    - {line[:SHOWN]}" for line in self.expected if line not in self.got][:SHOWN_LINES]
        lines += [f"    + {line[:SHOWN]}" for line in self.got if line not in self.expected][:SHOWN_LINES]
        if len(lines) == 1:
            lines += ["    the same lines in this order:", *(f"    + {line}" for line in self.got)]
        return "\n".join(lines)


class Sessions:
    """The clients of one run, opened when first named."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.monitor = Wire.connect(target.host, target.port)
        wipe(self.monitor)
        self._open: dict[str, Wire] = {}
        self.waiting: list[str] = []

    def __getitem__(self, name: str) -> Wire:
        if name not in self._open:
            self._open[name] = Wire.connect(self.target.host, self.target.port)
        return self._open[name]

    def is_blocked(self, name: str) -> bool:
        """PostgreSQL's own word on whether the session waits for a lock."""
        sql = f"select 1 from pg_stat_activity where pid = {self[name].pid} and wait_event_type = 'Lock'"
        return bool(self.monitor.query(sql).rows)

    def close(self) -> None:
        for name, wire in self._open.items():
            if name in self.waiting:
                wire.cancel()
            wire.close()
        try:
            wipe(self.monitor)
        finally:
            self.monitor.close()


def verify(script: Script, target: Target) -> list[Difference]:
    """The steps whose answers are not the script's."""
    sessions = Sessions(target)
    differences = []
    try:
        for step in script.steps:
            expected = step.own_answer if step.differs and not target.is_oracle else step.answer
            got = [script.masked(line) for line in _perform(step, sessions, may_wait=step.waits)]
            expected = [script.masked(line) for line in expected]
            if target.extended:
                got, expected = without_early_rows(got), without_early_rows(expected)
            if got != expected:
                differences.append(Difference(step, expected, got))
    finally:
        sessions.close()
    return differences


def regenerate(script: Script, target: Target) -> Script:
    """The script with this server's answers; resumptions stand where they happened."""
    sessions = Sessions(target)
    steps: list[Step] = []
    try:
        for step in script.steps:
            if step.kind == "resume":
                continue
            answer = _perform(step, sessions, may_wait=True, ask=True)
            steps.append(replace(step, answer=[script.masked(line) for line in answer]))
            steps += _resumed(script, sessions, step.session)
    finally:
        sessions.close()
    return replace(script, steps=steps)


def _resumed(script: Script, sessions: Sessions, but: str) -> list[Step]:
    """Sessions whose wait ended with the last step, in the order they began to wait."""
    steps = []
    for name in list(sessions.waiting):
        if name == but and sessions.is_blocked(name):
            continue
        answer = _await(name, sessions, ask=True)
        if answer is not None:
            sessions.waiting.remove(name)
            steps.append(Step("resume", name, answer=[script.masked(line) for line in answer]))
    return steps


def _perform(step: Step, sessions: Sessions, may_wait: bool, ask: bool = False) -> list[str]:
    """Sends one step; its answer, or `. waits`."""
    if step.kind == "psql":
        return _psql(step.sql, sessions.target)
    wire = sessions[step.session]
    try:
        if step.kind == "resume":
            if step.session in sessions.waiting:
                sessions.waiting.remove(step.session)
            return lines_of(wire.reply(ANSWER_S))
        if step.session in sessions.waiting:
            sessions.waiting.remove(step.session)
            wire.reply(ANSWER_S)
        if step.kind == "copy":
            return lines_of(wire.copy_in((step.sql + "\n").encode() if step.sql else b""))
        if step.values is None and not (sessions.target.extended and can_be_extended(step.sql)):
            wire.send_query(step.sql)
        else:
            wire.send_extended(step.sql, step.values or [])
        answer = _await(step.session, sessions, ask) if ask else _answer(wire, WAIT_S if may_wait else ANSWER_S)
    except ConnectionLost as lost:
        sessions._open.pop(step.session, None)
        return [f"! connection lost: {lost}"]
    if answer is None:
        sessions.waiting.append(step.session)
        return [". waits"]
    return answer


def can_be_extended(sql: str) -> bool:
    """One statement without parameters; COPY is a conversation of its own."""
    return ";" not in sql and "$" not in sql and not sql.lower().startswith(("copy", "fetch", "move"))


def without_early_rows(lines: list[str]) -> list[str]:
    """In the extended protocol rows are described before the statement runs into its error."""
    failed = any(line.startswith("! ERROR") for line in lines)
    return [line for line in lines if not line.startswith("|")] if failed else lines


def _answer(wire: Wire, seconds: float) -> list[str] | None:
    reply = wire.reply_within(seconds)
    return None if reply is None else lines_of(reply)


def _await(name: str, sessions: Sessions, ask: bool) -> list[str] | None:
    """The answer, or None as soon as the server says that the session waits for a lock."""
    deadline = time.monotonic() + ANSWER_S
    blocked_since = 0.0
    while (now := time.monotonic()) < deadline:
        answer = _answer(sessions[name], 0.03)
        if answer is not None:
            return answer
        if not sessions.is_blocked(name):
            blocked_since = 0.0
        elif not blocked_since:
            blocked_since = now
        elif now - blocked_since > PROVEN_BLOCKED_S:
            return None
    raise ConnectionLost("neither an answer nor a lock wait")


def _psql(command: str, target: Target) -> list[str]:
    environment = {**os.environ, "PGOPTIONS": "", "PSQLRC": "/dev/null", "PSQL_PAGER": "cat", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["psql", "-X", "-h", target.host, "-p", str(target.port), "-U", "postgres", "-d", "postgres", "-c", command],
        capture_output=True, text=True, env=environment, timeout=60,
    )  # fmt: skip
    lines = [f"| {line}".rstrip() for line in done.stdout.splitlines()]
    return lines + [f"! {escaped(line)}" for line in done.stderr.splitlines()]
