"""Random literals, read here and by a PostgreSQL 15: prints where they differ.

    python -m tests.types.differential datetime 8000 [seed]        PGHOST, PGPORT, PGUSER as for psql

Literals are strings of words and signs that mean something to the family, so most are nearly right, where errors have
many names. A finding belongs into `cases` once it is understood.
"""

from __future__ import annotations

import random
import struct
import sys
from typing import Callable

from tests.types import golden
from tests.types.regenerate import ask, input_call, server
from tests.types.test_golden import answer, context

DATETIME = (
    "2020 1999 99 5 05 12 13 31 32 0 366 001 10000 Jan feb MARCH Mon tuesday 2020-01-02 01/02/03 1.2.2003 2020-Feb-3"
    " 3-Mar-04 19990203 990203 010203 03:04 03:04:05 3:4:5.678 030405 0304 12:30 24:00 T t T0304 T03:04:05 Z +02 -08"
    " +05:30 +0530 -3:30:15 PST pdt MSK utc GMT Europe/Berlin America/New_York EST5EDT am PM AD BC bc at on dst J2451187 j"
    " 2451187 y m d h mm s epoch infinity allballs , / - . : + ( ) x foo GMT+3 2020.5 5.5 .5 2020. 1:2 12:60 23:59:60"
    " 04:05:06.7891234 2020T 20200102T030405 2020-01-02T03:04:05Z jan5 5jan 2020-1 1-2 1/2 0000-01-01 1e5 ä"
).split()
INTERVAL = (
    "1 2 -3 +4 1.5 -2.25 .5 0 100 1-2 -1-3 1:2 1:2:3 -1:2:3.5 +04:05 year years y mon mons month m day days d hour h hours"
    " min minutes s sec secs second ms us week w decade century mil ago @ - + , 1y 2mon 3d 4h 5m 6s 1.5days P1Y P1M PT1H"
    " P1DT2H3M4.5S P-1Y2M P1W 99999999 178956970 2147483648 dec c 0.1 0.001 0.0000015 month1 1day foo : . 1e3 -0 -0.5"
).split()
ARRAY = ["{", "}", "{", "}", ",", ",", "1", "2", "a", '"', '"b"', "\\", "NULL", " ", "[", "1:2", "]", "=", "{1,2}", '""', ";", "-3"]
JSON = (
    '{ } [ ] , : "a" "b" 1 -1.5e3 1.50 true null false " \\ \\n \\u0041 \\ud83d\\ude00 \\u00 nul x - . e5 0 01 ä "\\ud800" "\\u0000"'
).split() + [" ", "\n", "\t"]
NUMBER = list("0123456789") * 2 + list(".-+eEx_ ") + ["e5", "e-3", "NaN", "inf", "Infinity", "0000", "99999", "1e308", "e-30", "0x", "p3"]

ZONES = ["TimeZone=UTC;DateStyle=ISO, MDY", "TimeZone=Europe/Berlin;DateStyle=ISO, DMY", "TimeZone=America/New_York;DateStyle=ISO, YMD"]
STYLES = [f"IntervalStyle={style}" for style in ("postgres", "sql_standard", "iso_8601", "postgres_verbose")]


def _words(words: list[str], longest: int, separators: list[str]) -> Callable[[random.Random], str]:
    return lambda r: r.choice(separators).join(r.choice(words) for _ in range(r.randint(1, longest)))


def _float(r: random.Random) -> str:
    if r.random() < 0.5:
        return repr(struct.unpack("d", r.randbytes(8))[0])
    return repr(struct.unpack("f", r.randbytes(4))[0])


FAMILIES: dict[str, tuple[list[str], list[str], Callable[[random.Random], str]]] = {
    "datetime": (["timestamp", "timestamptz", "date", "time", "timetz"], ZONES, _words(DATETIME, 6, [" ", " ", ""])),
    "interval": (["interval", "interval day to second(2)"], STYLES, _words(INTERVAL, 6, [" ", ""])),
    "array": (["int4[]", "text[]"], [""], lambda r: "{" + _words(ARRAY, 8, [""])(r) + "}"),
    "json": (["json", "jsonb"], [""], _words(JSON, 9, [""])),
    "number": (["numeric", "numeric(5,2)", "float4", "float8"], ["", "extra_float_digits=0"], _words(NUMBER, 8, [""])),
    "float": (["float4", "float8"], ["", "extra_float_digits=0"], _float),
}


def compare(family: str, count: int, seed: int) -> int:
    """Prints each difference; returns their number."""
    types, settings, literal_of = FAMILIES[family]
    r, differences = random.Random(seed), 0
    with server() as connection:
        calls = {name: input_call(connection, name) for name in types}
        for setting in settings:
            connection.execute("RESET ALL")
            connection.execute("SET TimeZone = 'UTC'")
            for part in filter(None, setting.split(";")):
                key, _, value = part.partition("=")
                connection.execute(f"SET {key} = '{value}'")
            ctx = context(setting)
            for _ in range(count // len(settings)):
                name, literal = r.choice(types), literal_of(r)
                expected = ask(connection, *calls[name], literal)
                try:
                    got = answer(name, literal, ctx)
                except Exception as error:
                    got = golden.Answer("crash", (repr(error),))
                if got != expected:
                    differences += 1
                    print(f"{name} {setting} {literal!r}\n  PostgreSQL {expected}\n  here       {got}")
    return differences


if __name__ == "__main__":
    found = compare(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    print(f"{found} differences")
