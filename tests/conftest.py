"""Fixtures for tests against a real server: one server a test session, emptied before each test that uses it.

    def test_something(server):          # tests.support.server.Server, running
        with server.connect() as wire: …

A test that makes the server log an error must `server.allow(pattern)`; every other error line fails it.
"""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, settings

from tests.support.server import TemporaryServer, wipe

# How quickly this machine makes examples says nothing about the code.
settings.register_profile("aurorapy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aurorapy")


def pytest_report_header() -> list[str]:
    from bench.versions import build_info

    return [f"aurorapy: {build_info()}"]


@pytest.fixture(scope="session")
def running_server():
    server = TemporaryServer()
    server.start()
    try:
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def server(running_server):
    """The session's server with nothing of an earlier test in its database."""
    if not running_server.is_running:
        running_server.start()
    with running_server.connect() as wire:
        wipe(wire)
    running_server.errors()
    running_server.forget_allowed()
    yield running_server
    running_server.check_log()


@pytest.fixture
def wire(server):
    with server.connect() as connection:
        yield connection


def need_program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (apt-get install postgresql-15)")
    return path


@pytest.fixture
def psql() -> str:
    return need_program("psql")


@pytest.fixture
def pg_dump() -> str:
    return need_program("pg_dump")


@pytest.fixture
def pgbench() -> str:
    return need_program("pgbench")
