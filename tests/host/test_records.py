"""Dataclasses made at first use behave as the standard ones."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from aurorapy.records import dataclass, field, fields, replace


@dataclass(slots=True)
class Named:
    name: str
    extra: list[int] = field(default_factory=list)
    place: int = field(default=0, kw_only=True)


@dataclass(slots=True)
class Counted(Named):
    count: int = 1

    def __post_init__(self) -> None:
        self.count += 1


@dataclass(slots=True, frozen=True)
class Value:
    number: int
    text: str = "x"


@dataclass(slots=True, eq=False)
class Itself:
    number: int


def test_fields_defaults_and_keywords():
    first, second = Counted("a", place=3), Counted("b", [1], 5)
    assert (first.name, first.extra, first.count, first.place) == ("a", [], 2, 3)
    assert (second.extra, second.count, second.place) == ([1], 6, 0)
    assert Counted("c").extra is not Counted("c").extra
    assert [each.name for each in fields(Counted)] == ["name", "extra", "place", "count"]
    assert Counted.__match_args__ == ("name", "extra", "count")
    with pytest.raises(TypeError):
        Named()
    with pytest.raises(AttributeError):
        first.other = 1


def test_text_equality_and_change():
    assert repr(Named("a")) == "Named(name='a', extra=[], place=0)"
    assert Named("a") == Named("a") != Named("b")
    assert replace(Named("a"), name="b") == Named("b")
    with pytest.raises(TypeError):
        hash(Named("a"))
    assert Itself(1) != Itself(1) and hash(Itself(1))


def test_frozen_ones_are_values():
    value = Value(1)
    assert {value: 1}[Value(1, "x")] == 1 and replace(value, text="y") == Value(1, "y")
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.number = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.number
    assert pickle.loads(pickle.dumps(value)) == value


def test_a_method_of_its_own_stays():
    @dataclass(slots=True)
    class Told:
        number: int

        def __repr__(self) -> str:
            return "told"

    assert repr(Told(1)) == "told" and Told(1) == Told(1)
