"""Quorums, drawn and enumerated; the volume's positions as in the design's worked examples."""

from itertools import combinations

import pytest

from aurorapy.storage.quorum import All, Either, Geometry, Some, counted_position, volume_complete, volume_durable

SIX = Geometry.of("ABCDEF", write=4, read=3)
FULL_AND_TAIL = Geometry(
    write=Either((Some(4, tuple("ABCDEF")), Some(3, tuple("ACE")))),
    read=All((Some(3, tuple("ABCDEF")), Some(1, tuple("ACE")))),
)


@pytest.mark.parametrize(
    ("picture", "writes", "reads"),
    [
        ("ABCDEF", True, True),
        ("ABCD··", True, True),  # zone C (E, F) lost: writes go on
        ("·BCD··", False, True),  # zone and one more: no writes, nothing lost
        ("··CD··", False, False),
        ("A·C·E·", False, True),
    ],
)
def test_six_copies(picture, writes, reads):
    assert (SIX.write.met(picture), SIX.read.met(picture)) == (writes, reads)


def test_all_64_subsets_of_six():
    for size in range(7):
        for up in combinations("ABCDEF", size):
            assert SIX.write.met(up) == (size >= 4)
            assert SIX.read.met(up) == (size >= 3)


@pytest.mark.parametrize("geometry", [SIX, FULL_AND_TAIL, Geometry.of("A", 1, 1), Geometry.of("ABC", 2, 2)], ids=str)
def test_every_read_set_meets_every_write_set(geometry):
    geometry.check()


@pytest.mark.parametrize("write, read", [(3, 3), (4, 2), (3, 4)])
def test_a_geometry_that_could_lose_a_write_is_found(write, read):
    with pytest.raises(ValueError):
        Geometry.of("ABCDEF", write, read).check()


def test_while_f_is_replaced_abcd_alone_satisfies_every_write_set():
    once = SIX.replacing(Geometry.of("ABCDEG", 4, 3))
    twice = once.replacing(Geometry.of("ABCDHG", 4, 3).replacing(Geometry.of("ABCDHF", 4, 3)))
    assert once.write.met("ABCD") and twice.write.met("ABCD")
    assert not once.write.met("ABEF")  # three of ABCDEG
    assert once.read.met("ABG") and once.read.met("ABF")
    once.check()
    twice.check()


def test_full_and_tail_copies():
    assert FULL_AND_TAIL.write.met("ACE") and FULL_AND_TAIL.write.met("ABDF")
    assert not FULL_AND_TAIL.write.met("BDF")
    assert not FULL_AND_TAIL.read.met("BDF") and FULL_AND_TAIL.read.met("BDE")


def test_pgcl_is_what_a_write_quorum_has_reached():
    positions = {"A": 105, "B": 105, "C": 105, "D": 103, "E": 90}
    assert SIX.write.reached(positions) == 103
    assert SIX.read.reached(positions) == 105
    assert SIX.replacing(Geometry.of("ABCDEG", 4, 3)).write.reached(positions | {"G": 110}) == 103


def test_odd_lsns_in_group_1_and_even_ones_in_group_2():
    # 105 is on three copies, 106 on three, all below on four
    group_1 = SIX.write.reached(dict.fromkeys("ABC", 105) | dict.fromkeys("DEF", 103))
    group_2 = SIX.write.reached(dict.fromkeys("ABC", 106) | dict.fromkeys("DEF", 104))
    assert (group_1, group_2) == (103, 104)
    lsns = {1: [101, 103, 105], 2: [102, 104, 106]}
    assert volume_complete(lsns, {1: group_1, 2: group_2}) == 104


def test_complete_to_1007_is_durable_to_the_consistency_point_1000():
    assert volume_durable(1007, [900, 1000, 1100]) == 1000
    assert volume_durable(850, [900, 1000], start=800) == 800


def test_a_segment_that_slept_through_a_recovery_counts_as_the_truncation():
    assert counted_position(1050, [(1000, 2000)]) == 1000
    assert counted_position(1000, [(1000, 2000)]) == 1000
    assert counted_position(2001, [(1000, 2000)]) == 2001
    assert counted_position(2500, [(1000, 2000), (2000, 3000)]) == 1000
