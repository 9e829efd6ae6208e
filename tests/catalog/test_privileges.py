"""Access control lists as PostgreSQL writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aurorapy.catalog.privileges import ORDER, AclItem, allows, change, read_acl, read_item, write_acl

names = st.text(alphabet="ab_1 \"'Ä", max_size=5)


def test_an_item_reads_as_it_is_written():
    item = read_item("alice=ar*w/postgres")
    assert (item.role, item.held, item.grantable, item.grantor) == ("alice", "arw", "r", "postgres")
    assert str(item) == "alice=ar*w/postgres"
    assert read_item("=r/postgres").role == ""
    assert read_item('"a b"=r/"x ""y"').grantor == 'x "y'


@given(names, names, st.sets(st.sampled_from(ORDER), min_size=1), st.sets(st.sampled_from(ORDER)))
def test_any_item_survives_its_text(role, grantor, held, grantable):
    letters = "".join(x for x in ORDER if x in held)
    item = AclItem(role, grantor, letters, "".join(x for x in letters if x in grantable))
    assert read_item(str(item)) == item


def test_nothing_granted_means_the_owner_may_do_everything():
    items = read_acl(None, "table", "alice")
    assert [str(i) for i in items] == ["alice=arwdDxt/alice"]
    assert [str(i) for i in read_acl(None, "database", "alice")] == ["=Tc/alice", "alice=CTc/alice"]


def test_grant_and_revoke():
    items = change(read_acl(None, "table", "o"), "o", "bob", "rw", revoke=False, option=False)
    assert [str(i) for i in items] == ["o=arwdDxt/o", "bob=rw/o"]
    assert allows(items, "o", {"bob"}, "r") and not allows(items, "o", {"bob"}, "d")
    assert not allows(items, "o", {"bob"}, "r", grant_option=True) and allows(items, "o", {"o"}, "r", grant_option=True)
    items = change(items, "o", "bob", "r", revoke=False, option=True)
    assert str(items[1]) == "bob=r*w/o"
    items = change(items, "o", "bob", "r", revoke=True, option=True)  # GRANT OPTION FOR
    assert str(items[1]) == "bob=rw/o"
    items = change(items, "o", "bob", "rw", revoke=True, option=False)
    assert [str(i) for i in items] == ["o=arwdDxt/o"]
    assert write_acl(items).items == ("o=arwdDxt/o",)


def test_public_counts_for_everybody():
    items = change(read_acl(None, "table", "o"), "o", "", "r", revoke=False, option=False)
    assert allows(items, "o", {"nobody"}, "r") and not allows(items, "o", {"nobody"}, "a")
