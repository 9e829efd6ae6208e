"""As many connections as max_connections allows, whatever limit of open files the server was started under."""

from __future__ import annotations

import resource
from contextlib import ExitStack

from tests.support.server import Server

CONNECTIONS, LIMIT = 150, 100


def test_more_connections_than_the_soft_limit_of_open_files(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = Server(tmp_path / "data")
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        with ExitStack() as held:
            wires = [held.enter_context(server.connect()) for _ in range(CONNECTIONS)]
            assert {wire.query("select 1").rows[0] for wire in wires} == {("1",)}
    finally:
        server.stop()
    server.check_log()
