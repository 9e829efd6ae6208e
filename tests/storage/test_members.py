"""Who holds the copies: as text, as data and back."""

import json

import pytest

from aurorapy.storage.members import NO_MEMBERSHIP, Member, Membership, NodePlace, may_hide_a_group, rule_from_data
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


def test_a_silent_zone_hides_no_group_however_many_nodes_it_has():
    places = [NodePlace(f"{zone}{number}", zone, "h:1") for zone in "abc" for number in range(4)]
    known = [Membership(1, members("ABCDEF"), SIX)]  # two in each zone

    def hides(unheard: str) -> bool:
        return may_hide_a_group(places, {place.name for place in places} - {*unheard.split()}, known, 4)

    assert not hides("c0 c1 c2 c3")
    assert not hides("c0 c1 c2 c3 b0")
    assert hides("c0 c1 c2 c3 b0 b1")
    assert hides("c0 c1 b0 b1")
    assert not hides("a0 b0 c0")
    assert may_hide_a_group(places, {place.name for place in places[4:]}, [], 4)  # nothing is known: any four
