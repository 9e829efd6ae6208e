"""Passwords and TLS, with libpq on the other side.

One server: role postgres has a password, SCRAM is asked of everybody, and a self-signed certificate is offered.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.support.server import Server

PASSWORD = "pässwort with spaces"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    return directory


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, certificate):
    server = Server(tmp_path_factory.mktemp("guarded") / "data")
    server.start()
    with server.connect() as wire:
        for sql in (f"alter role postgres password '{PASSWORD}'", "create role ann login password 'one'",
                    "create role gate nologin password 'one'", "create role bare login"):  # fmt: skip
            assert wire.query(sql).error is None
    server.stop()
    server.settings = {
        "auth_method": "scram-sha-256", "ssl": "on", "ssl_cert_file": certificate / "cert.pem",
        "ssl_key_file": certificate / "key.pem",
    }  # fmt: skip
    server.start()
    yield server
    server.stop()


def run_psql(server: Server, sql: str, user: str = "postgres", password: str = PASSWORD, host: str = "127.0.0.1",
             database: str = "postgres", **options: str) -> tuple[str, str]:  # fmt: skip
    """(stdout, stderr)"""
    environment = {**os.environ, "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "5", **options}
    done = subprocess.run(
        ["psql", "-X", "-w", "-At", "-h", host, "-p", str(server.port), "-U", user, "-d", database, "-c", sql],
        capture_output=True, text=True, env=environment, timeout=20,
    )  # fmt: skip
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize("mode", ["disable", "require"])
def test_the_password_lets_in(psql, guarded, mode):
    assert run_psql(guarded, "select current_user", PGSSLMODE=mode) == ("postgres", "")
    assert run_psql(guarded, "select current_user", "ann", "one", PGSSLMODE=mode) == ("ann", "")


@pytest.mark.parametrize(
    ("user", "password"), [("postgres", "wrong"), ("nosuch", "wrong"), ("bare", ""), ("bare", "x")]
)  # fmt: skip
def test_every_wrong_password_gets_the_same_answer(psql, guarded, user, password):
    out, error = run_psql(guarded, "select 1", user, password or "y", PGSSLMODE="disable")
    assert out == ""
    assert error.endswith(f'FATAL:  password authentication failed for user "{user}"')


def test_what_is_told_only_to_those_who_know_the_password(psql, guarded):
    assert run_psql(guarded, "select 1", "gate", "one", PGSSLMODE="disable")[1].endswith(
        'FATAL:  role "gate" is not permitted to log in'
    )
    assert run_psql(guarded, "select 1", database="nosuch", PGSSLMODE="disable")[1].endswith(
        'FATAL:  database "nosuch" does not exist'
    )


def test_passwords_are_kept_as_verifiers_and_can_be_changed(psql, guarded):
    out, _ = run_psql(guarded, "select rolpassword ~ '^SCRAM-SHA-256\\$4096:' from pg_authid where rolname = 'ann'")
    assert out == "t"
    run_psql(guarded, "alter role ann password 'two'")
    assert run_psql(guarded, "select 1", "ann", "one", PGSSLMODE="disable")[0] == ""
    assert run_psql(guarded, "alter role ann password 'one'", "postgres")[1] == ""
    assert run_psql(guarded, "select 1", "ann", "one") == ("1", "")


def test_the_certificate_can_be_verified(psql, guarded, certificate):
    options = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(certificate / "cert.pem")}
    assert run_psql(guarded, "select 1", host="localhost", **options) == ("1", "")
    assert "certificate" in run_psql(guarded, "select 1", host="127.0.0.1", **options)[1]


def test_much_goes_through_tls_both_ways(psql, guarded):
    out, error = run_psql(guarded, f"select length('{'x' * 100_000}'), repeat('y', 2000000)", PGSSLMODE="require")
    assert (len(out), error) == (len('100000|') + 2_000_000, "")
