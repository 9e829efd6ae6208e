"""Work on one long statement or value that no Python code paces: signals are looked at while it lasts, not only behind it.

Here the handler of a timer counts; in a server it lets others run (`host.preemption`).
"""

import signal
from functools import partial

import pytest

from aurorapy.session.interruption import may_switch
from aurorapy.sql.parse import query
from aurorapy.sql.parse.feed import feed
from aurorapy.sql.parse.source import Source
from aurorapy_native.lexer import tokenize
from tests.session.test_interruption import SESSION, stack

SECONDS = 1e-4
BEHIND = 2  # that come between the end of the work and the end of the timer


def looks(work):
    """How often a signal was handled, and the frames it met."""
    frames, going = [], True

    def handle(number, frame):
        frames.append(frame)
        signal.setitimer(signal.ITIMER_REAL, SECONDS if going else 0)

    before = signal.signal(signal.SIGALRM, handle)
    of_pytest = signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        work()
    finally:
        going = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *of_pytest)
    return frames


def test_a_long_text_becomes_tokens():
    assert len(looks(partial(tokenize, "select 1" + " + a" * 200_000))) > BEHIND


@pytest.mark.parametrize(
    "text",
    ["select 1" + " + a" * 5_000, "select 1" + ", a" * 5_000, "select 1" + " union select a" * 1_000, "values (a)" + ", (a)" * 5_000],
)
def test_the_query_parser_s_compiled_code(text):
    source = Source(text)
    fed = feed(source, *source.statements()[0])
    frames = looks(partial(query._tree, fed))
    assert len(frames) > BEHIND
    assert {frame.f_code.co_name for frame in frames} >= {"__contains__"}


def test_that_place_in_the_parser_may_be_left():
    assert may_switch(stack(*SESSION, "sql/parse/statements.py", "sql/parse/query.py"))
