"""Access control lists: aclitem arrays read, asked and changed.

    alice=arw*/postgres        role alice may INSERT (a), SELECT (r), UPDATE (w) and grant UPDATE on (*); postgres granted
    =r/postgres                everybody may SELECT

A column of NULL means the kind's default: everything for the owner, and what PUBLIC has from the start. A role has what
it was granted, what PUBLIC was, and what the roles it is a member of were; the owner may grant everything. Items come
and go in PostgreSQL's order: the owner's first, others as they were granted.

Not here: GRANT itself (`execute.ddl.grants`), who is a member of what (`cache`).
"""

from __future__ import annotations

import re

from aurorapy.records import dataclass
from aurorapy.types.values import Array

ACLITEM = 1033
LETTERS = {
    "INSERT": "a", "SELECT": "r", "UPDATE": "w", "DELETE": "d", "TRUNCATE": "D", "REFERENCES": "x", "TRIGGER": "t",
    "EXECUTE": "X", "USAGE": "U", "CREATE": "C", "TEMPORARY": "T", "TEMP": "T", "CONNECT": "c", "SET": "s",
    "ALTER SYSTEM": "A",
}  # fmt: skip
ORDER = "arwdDxtXUCTcsA"
ALL = {
    "table": "arwdDxt", "sequence": "rwU", "schema": "UC", "database": "CTc", "function": "X", "language": "U",
    "type": "U", "tablespace": "C", "column": "arwx",
}  # fmt: skip
PUBLIC_DEFAULT = {"database": "Tc", "function": "X", "language": "U", "type": "U"}
_ITEM = re.compile(r'("(?:[^"]|"")*"|[^=]*)=([a-zA-Z*]*)(?:/(.*))?$', re.S)


@dataclass(slots=True)
class AclItem:
    """`role` and `grantor` are names, '' PUBLIC; `held` and `grantable` letters."""

    role: str
    grantor: str
    held: str = ""
    grantable: str = ""

    def __str__(self) -> str:
        letters = "".join(x + ("*" if x in self.grantable else "") for x in ORDER if x in self.held)
        return f"{_quoted(self.role)}={letters}/{_quoted(self.grantor)}"


def _quoted(name: str) -> str:
    if all(char.isalnum() or char == "_" for char in name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name[:1] == '"' else name


def read_item(text: str) -> AclItem:
    match = _ITEM.match(text)
    role, letters, grantor = match.groups()
    held = letters.replace("*", "")
    grantable = "".join(a for a, b in zip(letters, letters[1:] + " ") if b == "*")
    return AclItem(_unquoted(role), _unquoted(grantor or ""), held, grantable)


def read_acl(acl: Array | None, kind: str, owner: str) -> list[AclItem]:
    """The items, or the kind's default for NULL."""
    if acl is not None:
        return [read_item(item) for item in acl.items if item is not None]
    items = []
    if PUBLIC_DEFAULT.get(kind):
        items.append(AclItem("", owner, PUBLIC_DEFAULT[kind]))
    items.append(AclItem(owner, owner, ALL[kind]))
    return items


def write_acl(items: list[AclItem]) -> Array:
    return Array.of([str(item) for item in items if item.held], ACLITEM)


def allows(items: list[AclItem], owner: str, roles: set[str], letter: str, grant_option: bool = False) -> bool:
    """Has one of `roles` (a role and all it is a member of, names) the privilege?"""
    if grant_option and owner in roles:
        return True
    for item in items:
        if item.role == "" and not grant_option or item.role in roles:
            if letter in (item.grantable if grant_option else item.held):
                return True
    return False


def change(items: list[AclItem], grantor: str, role: str, letters: str, *, revoke: bool, option: bool) -> list[AclItem]:
    """The list after GRANT (or REVOKE) of `letters` to `role`. `option`: WITH GRANT OPTION, or GRANT OPTION FOR."""
    found = next((item for item in items if item.role == role and item.grantor == grantor), None)
    if found is None:
        if revoke:
            return items
        found = AclItem(role, grantor)
        items = [*items, found]
    if revoke:
        found.grantable = "".join(x for x in found.grantable if x not in letters)
        if not option:
            found.held = "".join(x for x in found.held if x not in letters)
    else:
        found.held = "".join(x for x in ORDER if x in found.held or x in letters)
        if option:
            found.grantable = "".join(x for x in ORDER if x in found.grantable or x in letters)
    return [item for item in items if item.held]
