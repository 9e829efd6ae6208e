"""asyncpg against a real server: binary formats throughout, its own prepared statements, cursors and COPY."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import uuid
from decimal import Decimal

import pytest

asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed (pip install '.[test]')")

VALUES = [
    ("int2", -1), ("int4", 7), ("int8", 2**62), ("numeric", Decimal("1234.5600")), ("float4", 0.5), ("float8", 1e300),
    ("bool", False), ("text", "häß"), ("bytea", b"\0\xff"), ("date", dt.date(2024, 2, 29)), ("time", dt.time(1, 2, 3)),
    ("timestamp", dt.datetime(2024, 1, 2, 3, 4, 5, 6)), ("timestamptz", dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)),
    ("interval", dt.timedelta(days=1, seconds=2)), ("uuid", uuid.UUID(int=5)), ("jsonb", '{"a": 1}'), ("int4[]", [1, None]),
    ("text[]", ["a", "b c"]), ('"char"', b"x"), ("name", "n"), ("varchar", "v"), ("oid", 5),
]  # fmt: skip


def with_connection(server, work):
    async def run():
        connection = await asyncpg.connect(host="127.0.0.1", port=server.port, user="postgres", database="postgres", ssl=False)
        try:
            return await asyncio.wait_for(work(connection), 30)
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.mark.parametrize(("type_name", "value"), VALUES, ids=[name for name, _ in VALUES])
def test_value_comes_back(server, type_name, value):
    async def work(connection):
        return await connection.fetchval(f"select $1::{type_name}", value)

    assert with_connection(server, work) == value


def test_tables_transactions_and_statements(server):
    async def work(connection):
        await connection.execute("create table t (id int primary key, v text, n numeric)")
        await connection.executemany("insert into t values ($1, $2, $3)", [(n, str(n), Decimal(n)) for n in range(100)])
        async with connection.transaction():
            await connection.execute("delete from t where id >= 50")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("insert into t values (1, 'x', 1)")
        statement = await connection.prepare("select v from t where id = $1")
        assert [p.name for p in statement.get_parameters()] == ["int4"]
        assert [await statement.fetchval(n) for n in (1, 49, 50)] == ["1", "49", None]
        return await connection.fetchrow("select count(*), sum(n) from t")

    assert tuple(with_connection(server, work)) == (50, Decimal(1225))


def test_cursor_and_copy(server):
    async def work(connection):
        await connection.execute("create table t (a int, b text)")
        await connection.copy_records_to_table("t", records=[(n, f"row {n}") for n in range(500)])
        out = io.BytesIO()
        await connection.copy_from_query("select a, b from t where a < 2 order by a", output=out)
        async with connection.transaction():
            rows = [row["a"] async for row in connection.cursor("select a from t order by a", prefetch=50)]
        return out.getvalue(), rows

    copied, rows = with_connection(server, work)
    assert copied == b"0\trow 0\n1\trow 1\n"
    assert rows == list(range(500))


def test_cancelled_task_leaves_the_connection_usable(server):
    async def work(connection):
        with pytest.raises(asyncio.TimeoutError):
            await connection.fetch("select pg_sleep(30)", timeout=0.3)
        return await connection.fetchval("select 1")

    assert with_connection(server, work) == 1


def test_notifications(server):
    async def work(connection):
        heard = asyncio.Queue()
        await connection.add_listener("news", lambda c, pid, channel, payload: heard.put_nowait((channel, payload)))
        await connection.execute("notify news, 'hello'")
        return await heard.get()

    assert with_connection(server, work) == ("news", "hello")


def test_many_connections(server):
    async def one(number):
        connection = await asyncpg.connect(host="127.0.0.1", port=server.port, user="postgres", database="postgres", ssl=False)
        try:
            return await connection.fetchval("select $1::int", number)
        finally:
            await connection.close()

    async def run():
        return await asyncio.gather(*(one(number) for number in range(60)))

    assert asyncio.run(run()) == list(range(60))
