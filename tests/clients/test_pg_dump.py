"""pg_dump and psql: what is dumped can be restored, here and in PostgreSQL, and is dumped again as the same text."""

from __future__ import annotations

import os
import subprocess

from tests.support.oracle import Oracle, is_installed

DEFINITIONS = r"""
    create table kinds (
        id serial primary key, name varchar(20) not null default 'a', price numeric(10,2) check (price >= 0),
        made timestamptz, tags text[], extra jsonb, data bytea, unique (name, price)
    );
    comment on table kinds is 'it''s commented';
    create index on kinds (lower(name)) where price > 1;
    create view dear as select id, name from kinds where price > 100;
    create table counted (id int generated always as identity (start 5), note text);
    create sequence steps increment 10 start 100;
    create schema side;
    create table side.copied as select 1 as a, 'x'::text as b;
    insert into kinds (name, price, made, tags, extra, data) values
        (E'tab\tand\nline', 1.50, '2024-02-29 12:00+00', '{a,NULL,"b c"}', '{"k": [1, null]}', '\x00ff'),
        ('é', null, null, null, null, null);
    insert into counted (note) values ('one'), (null);
    select nextval('steps');
"""


def run(program: str, port: int, *arguments: str, text: str | None = None) -> str:
    command = [program, "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, env={**os.environ, "PGOPTIONS": ""})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def dump(port: int, database: str) -> str:
    """Without what names the server and the run."""
    text = run("pg_dump", port, database)
    return "\n".join(line for line in text.splitlines() if not line.startswith(("-- Dumped", "\\restrict", "\\unrestrict")))


def restored(port: int, text: str) -> str:
    run("psql", port, "-X", "-q", "-c", "create database restored", "postgres")
    try:
        run("psql", port, "-X", "-q", "-v", "ON_ERROR_STOP=1", "restored", text=text)
        return dump(port, "restored")
    finally:
        run("psql", port, "-X", "-q", "-c", "drop database restored", "postgres")


def test_a_dump_is_restored_here_and_in_postgresql(server, psql, pg_dump):
    run("psql", server.port, "-X", "-q", "-c", "create database dumped", "postgres")
    try:
        run("psql", server.port, "-X", "-q", "-v", "ON_ERROR_STOP=1", "dumped", text=DEFINITIONS)
        text = dump(server.port, "dumped")
    finally:
        run("psql", server.port, "-X", "-q", "-c", "drop database dumped", "postgres")
    assert text.count("CREATE TABLE") == 3
    assert "pg_catalog." not in text.replace("SELECT pg_catalog.", "")  # nothing of the server's own
    assert restored(server.port, text) == text
    if is_installed():
        with Oracle() as oracle:
            assert restored(oracle.port, text) == text
