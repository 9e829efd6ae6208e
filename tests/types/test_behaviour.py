"""What needs a clock, a catalog, or values too large for a table."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aurorapy.errors import (
    DatabaseError, DataError, FeatureNotSupported, InternalError, ProgramLimitExceeded, QueryCanceled, UndefinedObject,
)  # fmt: skip
from aurorapy.types import intervals, numeric, oids, text, timestamps, timezones
from aurorapy.types.builtin import BY_NAME, TYPES, array_of
from aurorapy.types.identifiers import quote_identifier, split_identifiers
from aurorapy.types.model import TypeContext
from aurorapy.types.names import format_type, resolve
from aurorapy.types.values import Array, Interval, Record, TimeTz

CTX = TypeContext()


def read(type_name: str, literal: str, ctx: TypeContext = CTX):
    oid, typmod = resolve(type_name)
    return TYPES[oid].input(literal, typmod, ctx)


def show(type_name: str, value, ctx: TypeContext = CTX) -> str:
    return BY_NAME[type_name].output(value, ctx)


def error_of(type_name: str, literal: str, ctx: TypeContext = CTX) -> tuple[str, str]:
    with pytest.raises(DatabaseError) as raised:
        read(type_name, literal, ctx)
    return raised.value.sqlstate, raised.value.message


NOON = TypeContext(now_us=read("timestamp", "2024-02-29 23:30:00.25"), time_zone="Europe/Berlin")  # 00:30 on 1 March there


@pytest.mark.parametrize(
    "type_name, literal, shown",
    [
        ("timestamptz", "now", "2024-03-01 00:30:00.25+01"),
        ("timestamp", "now", "2024-03-01 00:30:00.25"),
        ("date", "today", "2024-03-01"),
        ("date", "yesterday", "2024-02-29"),
        ("timestamptz", "tomorrow", "2024-03-02 00:00:00+01"),
        ("timestamp", "tomorrow 04:05", "2024-03-02 04:05:00"),
        ("time", "now", "00:30:00.25"),
        ("timetz", "04:05", "04:05:00+01"),
        ("timetz", "04:05 America/New_York", None),
        ("timestamptz", "today allballs", "2024-03-01 01:00:00+01"),
    ],
)
def test_words_for_now(type_name: str, literal: str, shown: str | None) -> None:
    if shown is None:
        assert error_of(type_name, literal, NOON)[0] == "22007"
    else:
        assert show(type_name, read(type_name, literal, NOON), NOON) == shown


def test_numeric_takes_all_its_digits_and_no_more() -> None:
    assert read("numeric", "9" * 131_072) == Decimal("9" * 131_072)
    assert error_of("numeric", "9" * 131_073) == ("22003", "value overflows numeric format")
    value = read("numeric", "1e131071")
    assert show("numeric", value) == "1" + "0" * 131_071
    assert BY_NAME["numeric"].receive(BY_NAME["numeric"].send(value, CTX), -1, CTX) == value
    small = read("numeric", "1e-16383")
    assert show("numeric", small) == "0." + "0" * 16_382 + "1"
    assert error_of("numeric", "1e-16384")[0] == "22003"


def test_numeric_overflow_says_what_would_fit() -> None:
    with pytest.raises(DataError) as raised:
        read("numeric(3,2)", "9.995")
    assert raised.value.detail == (
        "A field with precision 3, scale 2 must round to an absolute value less than 10^1."
    )


def test_explicit_casts_cut_what_assignment_refuses() -> None:
    assert text.fit_varchar("abcdef", 7, explicit=True) == "abc"
    assert text.fit_bpchar("abcdef", 7, explicit=True) == "abc" and text.fit_bpchar("a", 7) == "a  "
    with pytest.raises(DataError, match="value too long for type character varying\\(3\\)"):
        text.fit_varchar("abcdef", 7)
    assert error_of("varchar(2)[]", "{ab,abc}") == ("22001", "value too long for type character varying(2)")


def test_timestamps_round_to_their_precision() -> None:
    value = read("timestamp", "2020-01-01 00:00:00.123456")
    assert show("timestamp", timestamps.fit(value, 3)) == "2020-01-01 00:00:00.123"
    assert timestamps.fit(2**63 - 1, 0) == 2**63 - 1
    assert intervals.fit(Interval(14, 3, 1_500_000), intervals.typmod_in(("4",))) == Interval(12, 0, 0)


def test_timetz_keeps_its_offset_and_sorts_by_instant() -> None:
    value = read("timetz", "04:05+02")
    assert value == TimeTz(14_700_000_000, 7200)
    assert value.sort_key < read("timetz", "04:05+01").sort_key


class Catalog:
    """As much of a catalog as types ask for."""

    def __init__(self) -> None:
        self.mood = TYPES[25]

    def type_by_oid(self, oid: int):
        return self.mood_array if oid == 16_401 else self.mood

    def parse_type_name(self, name: str):
        return resolve(name)

    def reg_in(self, kind: str, name: str) -> int:
        if name == "pg_class":
            return 1259
        raise oids.reg_not_found(kind, name)

    def reg_out(self, kind: str, oid: int) -> str:
        return {1259: "pg_class"}.get(oid, str(oid))


def test_reg_types_ask_the_catalog() -> None:
    ctx = TypeContext(catalog=Catalog())
    assert read("regclass", "pg_class", ctx) == 1259 == read("regclass", "1259", ctx)
    assert show("regclass", 1259, ctx) == "pg_class" and show("regclass", 0, ctx) == "-" and show("regoper", 0, ctx) == "0"
    assert show("regclass", 1259) == "1259"
    assert error_of("regclass", "nosuch", ctx) == ("42P01", 'relation "nosuch" does not exist')


def test_records_show_fields_by_their_types() -> None:
    value = Record((1, None, "a b", ""), (23, 25, 25, 25))
    assert show("record", value) == '(1,,"a b","")'
    with pytest.raises(FeatureNotSupported, match="input of anonymous composite types is not implemented"):
        read("record", "(1)")


def test_polymorphic_types_show_by_element_and_read_nothing() -> None:
    assert show("anyarray", Array.of((1, 2), 23)) == "{1,2}"
    with pytest.raises(FeatureNotSupported, match="cannot accept a value of type anyelement"):
        read("anyelement", "1")


def test_arrays_of_user_types_are_made_alike() -> None:
    numbers = array_of(TYPES[1700], 16_401, "_price")
    assert numbers.output(numbers.input("{1.50,NULL}", -1, CTX), CTX) == "{1.50,NULL}" and numbers.elem_oid == 1700


def test_json_depth_is_a_limit_not_a_crash() -> None:
    for name in ("json", "jsonb"):
        with pytest.raises(ProgramLimitExceeded) as raised:
            read(name, "[" * 100_000)
        assert raised.value.sqlstate == "54001"
    assert read("json", "[" * 900 + "]" * 900)
    assert read("jsonb", "[" * 500 + "]" * 500)


def test_zone_names_for_set() -> None:
    assert timezones.canonical("europe/berlin") == "Europe/Berlin" and timezones.canonical("utc") == "UTC"
    assert timezones.canonical("-7.5") == "<-07:30>+07:30" and timezones.canonical("2") == "<+02>-02"
    assert timezones.canonical("FOO+3") == "FOO+3" and timezones.canonical("nowhere") is None
    with pytest.raises(DataError, match="appears to use leap seconds"):
        timezones.canonical("FOO-3:20:15")


def test_an_unknown_zone_in_input_is_named() -> None:
    assert error_of("timestamptz", "2020-01-01 Foo/Bar") == ("22023", 'time zone "foo/bar" not recognized')


def test_identifiers() -> None:
    assert quote_identifier("a_1") == "a_1" and quote_identifier("A") == '"A"' and quote_identifier("order") == '"order"'
    assert split_identifiers('Public . "My ""t"""') == ["public", 'My "t"']
    with pytest.raises(DataError, match="invalid name syntax"):
        split_identifiers("a..b")


def test_a_type_nobody_knows() -> None:
    with pytest.raises(UndefinedObject, match='type "nosuch" does not exist'):
        resolve("nosuch")
    assert format_type(16_500, catalog=None) == "???"
    with pytest.raises(DatabaseError, match="invalid INTERVAL typmod: 0x6"):
        format_type(1186, 6)


def test_a_catalog_that_fails_is_no_unknown_type() -> None:
    class Catalog:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def type_by_oid(self, oid: int) -> None:
            raise self.error

    assert format_type(16_500, catalog=Catalog(InternalError("cache lookup failed for type 16500"))) == "???"
    with pytest.raises(QueryCanceled):
        format_type(16_500, catalog=Catalog(QueryCanceled("canceling statement due to user request")))
