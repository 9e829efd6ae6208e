"""Every golden script against aurorapy: the answers PostgreSQL 15 gave. `python -m tests.golden` lists differences."""

from __future__ import annotations

import shutil

import pytest

from tests.golden import runner
from tests.golden.__main__ import all_scripts
from tests.golden.script import parse, render

SCRIPTS = all_scripts()
MAX_EXPLAINED = 25


def name_of(path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_answers_are_postgresqls(path, extended, server):
    script = parse(path.read_text())
    if any(step.kind == "psql" for step in script.steps) and shutil.which("psql") is None:
        pytest.skip("psql is not installed (apt-get install postgresql-client-15)")
    differences = runner.verify(script, runner.Target("127.0.0.1", server.port, extended=extended))
    assert not differences, "\n" + "\n".join(str(difference) for difference in differences)


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_script_is_written_as_it_was_read(path):
    text = path.read_text()
    assert render(parse(text)) == text


def test_explained_differences_are_few():
    steps = [step for path in SCRIPTS for step in parse(path.read_text()).steps]
    explained = [step for step in steps if step.differs]
    assert len(explained) <= MAX_EXPLAINED
    assert all(len(step.differs) > 15 and step.own_answer for step in explained)
    assert sum(1 for step in steps if step.kind != "resume") >= 500
