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


def test_settings_kept_for_role_and_database_are_there_at_the_start(psql, guarded):
    for sql in ("create role kept login password 'one'", "alter role all set work_mem = '1MB'",
                "alter database postgres set work_mem = '2MB'", "alter role kept set search_path = pg_catalog, \"A b\"",
                "alter role kept in database postgres set log_statement = 'ddl'"):  # fmt: skip
        assert run_psql(guarded, sql)[1] == ""
    shown = "select current_setting('work_mem'), current_setting('search_path'), current_setting('log_statement')"
    assert run_psql(guarded, shown, "kept", "one") == ('2MB|pg_catalog, "A b"|ddl', "")
    run_psql(guarded, "alter role kept set work_mem = '3MB'")
    assert run_psql(guarded, shown, "kept", "one") == ('3MB|pg_catalog, "A b"|ddl', "")
    assert run_psql(guarded, "set work_mem = '9MB'; reset work_mem; show work_mem", "kept", "one")[0].endswith("3MB")
    assert run_psql(guarded, "show work_mem", "kept", "one", PGOPTIONS="-c work_mem=4MB") == ("4MB", "")
    run_psql(guarded, "alter role all reset all")
    run_psql(guarded, "alter database postgres reset all")
    assert run_psql(guarded, "show work_mem", "ann", "one") == ("4MB", "")


def test_only_a_superuser_starts_with_what_only_he_may_set(psql, guarded):
    assert run_psql(guarded, "show log_statement", PGOPTIONS="-c log_statement=ddl") == ("ddl", "")
    error = run_psql(guarded, "show log_statement", "ann", "one", PGOPTIONS="-c log_statement=ddl")[1]
    assert error.endswith('FATAL:  permission denied to set parameter "log_statement"')


def test_limits_and_privileges_count_at_the_door(psql, guarded):
    for sql in ("create role few login password 'one' connection limit 0", "create database closed",
                "revoke connect on database closed from public", "create database narrow connection limit 0"):  # fmt: skip
        assert run_psql(guarded, sql)[1] == ""
    assert run_psql(guarded, "select 1", "few", "one")[1].endswith('FATAL:  too many connections for role "few"')
    assert 'FATAL:  permission denied for database "closed"' in run_psql(guarded, "select 1", "ann", "one", database="closed")[1]
    assert run_psql(guarded, "select 1", "ann", "one", database="narrow")[1].endswith(
        'FATAL:  too many connections for database "narrow"'
    )
    assert run_psql(guarded, "select 1", database="closed") == ("1", "")
    assert run_psql(guarded, "select 1", database="narrow") == ("1", "")
    run_psql(guarded, "grant connect on database closed to ann")
    assert run_psql(guarded, "select 1", "ann", "one", database="closed") == ("1", "")


def test_a_password_is_good_until_it_expires(psql, guarded):
    run_psql(guarded, "create role guest login password 'one' valid until 'infinity'")
    assert run_psql(guarded, "select 1", "guest", "one") == ("1", "")
    run_psql(guarded, "alter role guest valid until '2020-01-01'")
    assert run_psql(guarded, "select 1", "guest", "one")[1].endswith('FATAL:  password authentication failed for user "guest"')
