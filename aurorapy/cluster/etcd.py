"""The store in etcd, through its HTTP/JSON gateway: nothing to install beside Debian's etcd-server.

    store = EtcdStore(["10.0.0.1:2379", "10.0.0.2:2379"], "demo")      # keys live below /aurorapy/demo/

A member that does not answer is left for the next one. Revisions are etcd's own: of a key its mod_revision, of the store
the one in every answer's header, which other users of the same etcd move as well.

Errors: StoreUnavailable when no member answers within `SECONDS`, Conflict.

Not here: TLS and passwords of etcd, leases and watches (nobody needs them: `mirror` looks often, `leader` counts time by
its own clock).
"""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

from aurorapy.cluster.store import ABSENT, ANY, Conflict, Entry, StoreUnavailable

SECONDS = 1.5  # for one answer


class EtcdStore:
    def __init__(self, hosts: list[str], name: str) -> None:
        self._hosts = list(hosts)
        self._root = f"/aurorapy/{name}/"
        self._connection: http.client.HTTPConnection | None = None

    def list(self, prefix: str = "") -> dict[str, Entry]:
        start = (self._root + prefix).encode()
        answer = self._ask("kv/range", {"key": _text(start), "range_end": _text(_after(start))})
        return {_bytes(each["key"]).decode()[len(self._root) :]: _entry(each) for each in answer.get("kvs", ())}

    def get(self, key: str) -> Entry | None:
        for each in self._ask("kv/range", {"key": self._key(key)}).get("kvs", ()):
            return _entry(each)
        return None

    def revision(self) -> int:
        """Of what is ours: the newest key's, with their number, so that a deletion moves it too."""
        start = self._root.encode()
        answer = self._ask(
            "kv/range",
            {"key": _text(start), "range_end": _text(_after(start)), "limit": 1, "keys_only": True,
             "sort_order": "DESCEND", "sort_target": "MOD"},
        )  # fmt: skip
        newest = answer.get("kvs", ())
        return (int(newest[0]["mod_revision"]) if newest else 0) * 4096 + int(answer.get("count", 0)) % 4096

    def put(self, key: str, value: dict[str, Any], expected: int = ANY) -> int:
        change = {"key": self._key(key), "value": _text(json.dumps(value, sort_keys=True).encode())}
        if expected == ANY:
            return int(self._ask("kv/put", change)["header"]["revision"])
        return int(self._if(key, expected, {"requestPut": change})["header"]["revision"])

    def delete(self, key: str, expected: int = ANY) -> bool:
        change = {"key": self._key(key)}
        if expected == ANY:
            return int(self._ask("kv/deleterange", change).get("deleted", 0)) > 0
        answer = self._if(key, expected, {"requestDeleteRange": change})
        return expected != ABSENT and int(answer["responses"][0]["response_delete_range"].get("deleted", 0)) > 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _if(self, key: str, expected: int, change: dict[str, Any]) -> dict[str, Any]:
        compare = {"key": self._key(key), "target": "MOD", "result": "EQUAL", "modRevision": str(expected)}
        answer = self._ask("kv/txn", {"compare": [compare], "success": [change]})
        if not answer.get("succeeded"):
            raise Conflict(f"{key} is not at revision {expected}")
        return answer

    def _key(self, key: str) -> str:
        return _text((self._root + key).encode())

    def _ask(self, what: str, question: dict[str, Any]) -> dict[str, Any]:
        problem: Exception | None = None
        for _ in range(len(self._hosts) + 1):  # a kept connection may have been closed meanwhile
            kept = self._connection is not None
            try:
                return self._ask_one(what, question)
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = error
                self.close()
                if not kept:
                    self._hosts.append(self._hosts.pop(0))
        raise StoreUnavailable(f"etcd does not answer: {problem}")

    def _ask_one(self, what: str, question: dict[str, Any]) -> dict[str, Any]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._hosts[0], timeout=SECONDS)
        self._connection.request("POST", f"/v3/{what}", json.dumps(question), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise http.client.HTTPException(f"status {response.status}: {content[:200]!r}")
        return json.loads(content)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _after(prefix: bytes) -> bytes:
    """The first key behind all that begin with it."""
    return prefix[:-1] + bytes((prefix[-1] + 1,))


def _entry(found: dict[str, Any]) -> Entry:
    return Entry(json.loads(_bytes(found["value"])), int(found["mod_revision"]))
