"""Who holds the copies: as text, as data and back."""

import json

import pytest

from aurorapy.storage.members import NO_MEMBERSHIP, Member, Membership, NodePlace, rule_from_data
from aurorapy.storage.quorum import Geometry

SIX = Geometry.of("ABCDEF", 4, 3)


def members(copies: str) -> tuple[Member, ...]:
    return tuple(
        Member(copy, f"n{copy}", "abc"[number // 2 % 3], f"127.0.0.1:{7000 + number}")
        for number, copy in enumerate(copies)
    )


def test_a_membership_survives_json_also_in_the_middle_of_a_change():
    replacing = SIX.replacing(Geometry.of("ABCDEG", 4, 3))
    membership = Membership(3, members("ABCDEFG"), replacing)
    again = Membership.from_dict(json.loads(json.dumps(membership.as_dict())))
    assert again == membership
    assert again.geometry.write.met("ABCD") and not again.geometry.write.met("ABCF")
    assert Membership.from_dict(NO_MEMBERSHIP.as_dict()) == NO_MEMBERSHIP


def test_what_is_no_rule_is_refused():
    for data in (["some", "4", ["A"]], ["none", []], [], ["all", [["some"]]]):
        with pytest.raises(ValueError):
            rule_from_data(data)


def test_a_node_is_named_by_its_address_where_no_name_is_given():
    assert NodePlace.parse("a:127.0.0.1:7001") == ("127.0.0.1:7001", "a", "127.0.0.1:7001")
    assert NodePlace.parse(" a1=a:localhost:7001") == ("a1", "a", "localhost:7001")
    for text in ("", "7001", "a:7001", "a:host:", ":host:1", "a:host:x"):
        with pytest.raises(ValueError):
            NodePlace.parse(text)
