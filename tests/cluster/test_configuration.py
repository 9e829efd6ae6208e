"""The file of a cluster on several hosts."""

from __future__ import annotations

import pytest

from aurorapy.cluster.configuration import read
from tests.support.server import ROOT


def test_the_sample_says_who_lives_where():
    found = read(ROOT / "aurorapy" / "cluster" / "three-hosts.toml")
    assert found.store.startswith("etcd://10.0.0.1:2379,")
    assert [(each.name, each.zone, each.host, each.address) for each in found.nodes][1:3] == [
        ("a2", "a", "h1", "10.0.0.1:5602"), ("b1", "b", "h2", "10.0.0.2:5601"),
    ]  # fmt: skip
    assert [(each.name, each.tier, each.host) for each in found.instances] == [("i1", 0, "h1"), ("i2", 1, "h2"), ("i3", 2, "h3")]
    assert [each.name for each in found.endpoints] == ["cluster", "reader", "cluster-h2", "reader-h2", "cluster-h3", "reader-h3"]
    addresses = [each.address for each in (*found.nodes, *found.instances, *found.endpoints)] + [each.link for each in found.instances]
    assert len(set(addresses)) == len(addresses)
    assert found.cluster["settings"]["shared_buffers"] == "1GB" and set(found.cluster["hosts"]) == {"h1", "h2", "h3"}


@pytest.mark.parametrize("text", ["name = 'x'", "store='s'\nsecret_file='f'\n[hosts.h1]\naddress='a'", "store='s'\nsecret_file='f'\ncopies=5\n[hosts]"])
def test_a_file_that_does_not_say_enough_is_refused(tmp_path, text):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ValueError):
        read(tmp_path / "c.toml")
