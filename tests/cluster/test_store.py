"""Both state stores do the same."""

from __future__ import annotations

import threading

import pytest

from aurorapy.cluster.store import ABSENT, Conflict, StoreUnavailable, open_store
from tests.support.etcd import Etcd


@pytest.fixture(scope="module")
def etcd(tmp_path_factory):
    with Etcd(tmp_path_factory.mktemp("etcd")) as etcd:
        yield etcd


@pytest.fixture(params=["sqlite", "etcd"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'store'}"
    return f"etcd://{request.getfixturevalue('etcd').address}/{tmp_path.name}"


@pytest.fixture
def store(url):
    store = open_store(url)
    yield store
    store.close()


def test_what_was_put_is_found(store):
    assert store.get("a") is None and store.list() == {}
    first = store.put("nodes/a1", {"zone": "a", "ä": [1, 2]})
    second = store.put("nodes/a2", {"zone": "a"})
    store.put("other", {})
    assert second > first > 0
    assert store.get("nodes/a1") == ({"zone": "a", "ä": [1, 2]}, first)
    assert set(store.list("nodes/")) == {"nodes/a1", "nodes/a2"} and len(store.list()) == 3
    assert store.delete("other") and not store.delete("other")
    assert set(store.list()) == {"nodes/a1", "nodes/a2"}


def test_only_who_knows_the_last_revision_changes_a_key(store):
    with pytest.raises(Conflict):
        store.put("writer", {"name": "i1"}, 17)
    revision = store.put("writer", {"name": "i1"}, ABSENT)
    with pytest.raises(Conflict):
        store.put("writer", {"name": "i2"}, ABSENT)
    newer = store.put("writer", {"name": "i2"}, revision)
    with pytest.raises(Conflict):
        store.put("writer", {"name": "i3"}, revision)
    with pytest.raises(Conflict):
        store.delete("writer", revision)
    assert store.get("writer") == ({"name": "i2"}, newer)
    assert store.delete("writer", newer) and store.get("writer") is None


def test_every_change_moves_the_stores_revision(store):
    seen = {store.revision()}
    store.put("a", {})
    seen.add(store.revision())
    store.put("a", {})
    seen.add(store.revision())
    store.put("b", {})
    seen.add(store.revision())
    store.delete("a")
    seen.add(store.revision())
    assert len(seen) == 5 and store.revision() in seen


def test_of_many_that_count_none_is_lost(url):
    def count() -> None:
        store = open_store(url)
        done = 0
        while done < 25:
            found = store.get("counter")
            try:
                if found is None:
                    store.put("counter", {"n": 1}, ABSENT)
                else:
                    store.put("counter", {"n": found.value["n"] + 1}, found.revision)
                done += 1
            except Conflict:
                pass
        store.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(url)
    assert store.get("counter").value == {"n": 100}
    store.close()


def test_a_store_that_cannot_be_reached_says_so(tmp_path):
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:{tmp_path}/nowhere/store")
    with pytest.raises(StoreUnavailable):
        open_store("etcd://127.0.0.1:1/x").list()
    with pytest.raises(ValueError):
        open_store("redis:x")
