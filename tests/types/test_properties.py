"""Round trips that hold for every value: text and binary give back the value, in every style and zone."""

from __future__ import annotations

import datetime
import json
import struct
import zoneinfo
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.types import calendar, dates, jsonb, numeric, timestamps, timezones
from aurorapy.types.builtin import BY_NAME, TYPES
from aurorapy.types.model import TypeContext
from aurorapy.types.values import Array, Interval

CTX = TypeContext()
STYLES = st.builds(
    TypeContext,
    date_style=st.sampled_from(["ISO", "SQL", "Postgres", "German"]),
    date_order=st.sampled_from(["MDY", "DMY", "YMD"]),
    interval_style=st.sampled_from(["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "<-07:30>+07:30", "Australia/Lord_Howe"]),
)
# the orders in which a style's own output reads back
ORDERS = {"ISO": ["MDY", "DMY", "YMD"], "SQL": ["MDY", "DMY"], "Postgres": ["MDY", "DMY"], "German": ["DMY"]}
READABLE = STYLES.filter(lambda ctx: ctx.date_order in ORDERS[ctx.date_style])
TIMESTAMPS = st.integers(timestamps.TIMESTAMP_MIN, timestamps.TIMESTAMP_END - 1)
RECENT = st.integers(-6 * 10**16, 10**17)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def there_and_back(name: str, value, ctx: TypeContext = CTX):
    """`value` after its text and after its binary form."""
    t = BY_NAME[name]
    assert t.receive(t.send(value, ctx), -1, ctx) == value
    return t.input(t.output(value, ctx), -1, ctx)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers(value: int) -> None:
    assert there_and_back("int8", value) == value


@given(st.floats(allow_nan=False))
def test_doubles_read_back_from_the_shortest_digits(value: float) -> None:
    assert struct.pack("d", there_and_back("float8", value)) == struct.pack("d", value)


@given(st.floats(width=32, allow_nan=False))
def test_reals_read_back_from_the_shortest_digits(value: float) -> None:
    text = BY_NAME["float4"].output(value, CTX)
    assert struct.pack("f", there_and_back("float4", value)) == struct.pack("f", value)
    assert len(text.lstrip("-").replace(".", "").strip("0").split("e")[0]) <= 9 or "e" not in text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**60), max_value=10**60))
def test_numerics_keep_value_and_scale(value: Decimal) -> None:
    value = numeric.check(value)
    back = there_and_back("numeric", value)
    assert back == value and back.as_tuple().exponent == value.as_tuple().exponent


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9), st.integers(-3, 6))
def test_numeric_rounding_moves_by_at_most_half_a_unit(value: Decimal, scale: int) -> None:
    rounded = numeric.round_to(value, scale)
    assert abs(rounded - value) * 2 <= Decimal(10) ** -scale


@given(st.integers(dates.DATE_MIN, dates.DATE_END - 1))
def test_calendar_and_dates(days: int) -> None:
    assert calendar.to_days(*calendar.from_days(days)) == days
    assert there_and_back("date", days) == days


@given(st.integers(-700_000, 2_900_000), READABLE)
def test_dates_in_every_style(days: int, ctx: TypeContext) -> None:
    assert there_and_back("date", days, ctx) == days


@given(TIMESTAMPS, READABLE)
def test_timestamps_in_every_style(value: int, ctx: TypeContext) -> None:
    assert there_and_back("timestamp", value, ctx) == value


@given(TIMESTAMPS, STYLES)
def test_timestamptz_in_iso_names_its_offset(value: int, ctx: TypeContext) -> None:
    ctx.date_style = "ISO"
    text = BY_NAME["timestamptz"].output(value, ctx)
    if timestamps.TIMESTAMP_MIN + 10**11 < value < timestamps.TIMESTAMP_END - 10**11:
        assert BY_NAME["timestamptz"].input(text, -1, CTX) == value


@given(RECENT)
def test_the_short_way_shows_what_python_shows(value: int) -> None:
    moment = datetime.datetime(2000, 1, 1) + datetime.timedelta(microseconds=value)
    expected = moment.isoformat(" ").rstrip("0").rstrip(".") if moment.microsecond else moment.isoformat(" ")
    assert BY_NAME["timestamp"].output(value, CTX) == expected
    assert BY_NAME["timestamp"].input(expected.replace(" ", "T"), -1, CTX) == value


@given(st.integers(-2_200_000_000, 4_500_000_000), st.sampled_from(sorted(zoneinfo.available_timezones())))
@settings(max_examples=300)
def test_zones_agree_with_zoneinfo(instant: int, name: str) -> None:
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=instant)
    local = moment.astimezone(zoneinfo.ZoneInfo(name))
    offset = timezones.need(name).at(instant)
    assert (offset[0], offset[2]) == (local.utcoffset().total_seconds(), local.tzname())


@given(st.integers(-2_200_000_000, 40_000_000_000), st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]))
def test_a_wall_clock_leads_back_to_it_except_in_gaps(local: int, name: str) -> None:
    zone = timezones.need(name)
    shown = (local - zone.offset_of_local(local)) + zone.at(local - zone.offset_of_local(local))[0]
    assert shown == local or shown - local in (1800, 3600, 7200)


@given(st.integers(-(10**8), 10**8), st.integers(-(10**8), 10**8), st.integers(-(10**17), 10**17), STYLES)
def test_intervals_in_every_style(months: int, days: int, micros: int, ctx: TypeContext) -> None:
    value = Interval(months, days, micros)
    back = there_and_back("interval", value, ctx)
    assert (back.months, back.days, back.micros) == (months, days, micros)


@given(st.binary(), st.sampled_from(["hex", "escape"]))
def test_bytea(value: bytes, form: str) -> None:
    assert there_and_back("bytea", value, TypeContext(bytea_output=form)) == value


@given(st.lists(st.none() | TEXT, max_size=6), st.integers(-5, 5))
def test_text_arrays_quote_what_they_must(items: list, low: int) -> None:
    value = Array(tuple(items), (len(items),), (low,), 25) if items else Array((), (), (), 25)
    assert there_and_back("_text", value) == value


@given(st.lists(st.lists(st.integers(-99, 99), min_size=3, max_size=3), min_size=1, max_size=4))
def test_nested_arrays(rows: list) -> None:
    value = Array(tuple(n for row in rows for n in row), (len(rows), 3), (1, 1), 23)
    assert there_and_back("_int4", value) == value


TREES = st.recursive(
    st.none() | st.booleans() | TEXT | st.integers(-(10**20), 10**20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12,
)


@given(TREES)
def test_jsonb_is_canonical(tree) -> None:
    text = BY_NAME["jsonb"].input(json.dumps(tree), -1, CTX)
    assert json.loads(text) == tree
    assert there_and_back("jsonb", text) == text == jsonb.from_tree(jsonb.to_tree(text))


@given(st.text(st.sampled_from('{}[]:,"\\ \n1-.eEtruefalsn0u\x01ä'), max_size=14))
def test_json_accepts_what_the_slow_checker_accepts(text: str) -> None:
    from aurorapy.errors import DataError
    from aurorapy.types.json import Checker, check

    def verdict(judge) -> bool:
        try:
            judge()
        except DataError:
            return False
        return True

    assert verdict(lambda: check(text)) == verdict(Checker(text).check)


@given(st.sampled_from([t for t in TYPES.values() if t.storage != "v" and t.name not in ("record", "_record")]), TEXT)
@settings(max_examples=500)
def test_no_text_crashes_a_reader(data_type, text: str) -> None:
    from aurorapy.errors import DatabaseError

    try:
        data_type.input(text, -1, CTX)
    except DatabaseError:
        pass


@given(st.sampled_from([t for t in TYPES.values() if t.storage != "v"]), st.binary(max_size=60))
@settings(max_examples=500)
def test_no_bytes_crash_a_receiver(data_type, data: bytes) -> None:
    from aurorapy.errors import DatabaseError

    try:
        data_type.receive(data, -1, CTX)
    except DatabaseError:
        pass
