"""What a role may do: has_table_privilege and its family, and the check before a statement runs.

    privileges.has_privilege("table", "alice", "t", "SELECT")      None when the table is gone
    privileges.check(relation, {"SELECT"})                         42501 for the current user

A superuser may do everything; an owner what he has not revoked from himself; anybody what was granted to him, to PUBLIC
or to a role he is a member of. pg_read_all_data and pg_write_all_data count for every table.

Errors: 42501; 42704, 42P01, 3F000 for names that mean nothing.
"""

from __future__ import annotations

from typing import Any, Iterable

from aurorapy.catalog import privileges as p
from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, FailingRow, InsufficientPrivilege, UndefinedObject, UndefinedTable
from aurorapy.types.identifiers import split_identifiers

_READ_ALL, _WRITE_ALL = "pg_read_all_data", "pg_write_all_data"
_KINDS = {"r": "table", "v": "view", "S": "sequence", "i": "index", "t": "table", "m": "materialized view"}
# kind → catalog, name column, owner column, ACL column, word in errors
_OBJECTS = {
    "schema": ("pg_namespace", "nspname", "nspowner", "nspacl", "schema", "3F000"),
    "database": ("pg_database", "datname", "datdba", "datacl", "database", "3D000"),
    "language": ("pg_language", "lanname", "lanowner", "lanacl", "language", "42704"),
    "tablespace": ("pg_tablespace", "spcname", "spcowner", "spcacl", "tablespace", "42704"),
}  # fmt: skip


class Privileges:
    """Answers from the catalog; `session` is asked for its user and catalog."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._members: tuple[Any, dict[int, set[str]]] = (None, {})

    # -- roles ---------------------------------------------------------------------------------------------------------
    def roles_of(self, role: int) -> set[str]:
        """Names of the role and of every role it is a member of."""
        catalog = self._session.catalog
        if self._members[0] != catalog.version:
            self._members = (catalog.version, {})
        found = self._members[1].get(role)
        if found is None:
            reader = catalog.reader()
            seen, todo = {role}, [role]
            while todo:
                for row in reader.find("pg_auth_members", member=todo.pop()):
                    if row.roleid not in seen:
                        seen.add(row.roleid)
                        todo.append(row.roleid)
            found = self._members[1][role] = {catalog.role_name(oid) or "" for oid in seen} - {""}
        return found

    def _role(self, role: str | int) -> int | None:
        catalog = self._session.catalog
        if isinstance(role, int):
            return role
        if role == "public":
            return 0
        oid = catalog.role_oid(role)
        if oid is None:
            raise UndefinedObject(f'role "{role}" does not exist')
        return oid

    def _is_superuser(self, role: int) -> bool:
        row = self._session.catalog.reader().one("pg_authid", oid=role) if role else None
        return row is not None and row.rolsuper

    # -- the question --------------------------------------------------------------------------------------------------
    def has_privilege(self, kind: str, role: str | int, object_: Any, privilege: str) -> bool | None:
        word, option = privilege, False
        for suffix in (" WITH GRANT OPTION", " WITH ADMIN OPTION"):
            if privilege.endswith(suffix):
                word, option = privilege.removesuffix(suffix), True
        who = self._role(role)
        if kind == "role":
            return self._is_member(who, object_, option)
        column = None
        if kind == "column":
            object_, column = object_
        if kind in ("table", "sequence", "column", "any_column"):
            relation = self._relation(object_)
            if relation is None:
                return None
            if kind == "sequence" and relation.kind != "S":
                raise DatabaseError(f'"{relation.name}" is not a sequence', sqlstate="42809")
            return self._on_columns(who, relation, kind, column, word, option)
        return self._on_object(kind, who, object_, p.LETTERS[word], option)

    def _is_member(self, who: int, target: str | int, option: bool) -> bool:
        of = self._role(target)
        if self._is_superuser(who):
            return True
        name = self._session.catalog.role_name(of)
        return name in self.roles_of(who)

    def _relation(self, object_: str | int) -> Relation | None:
        catalog = self._session.catalog
        if isinstance(object_, int):
            return catalog.relation(object_)
        parts = split_identifiers(object_)
        found = catalog.relation_by_name(parts[-2] if len(parts) > 1 else None, parts[-1])
        if found is None:
            raise UndefinedTable(f'relation "{".".join(parts)}" does not exist')
        return found

    def _on_columns(self, who: int, relation: Relation, kind: str, column: str | int | None, word: str,
                    option: bool) -> bool | None:  # fmt: skip
        if word == "RULE":
            return False
        letter = p.LETTERS[word]
        if kind == "column":
            attno = self._attno(relation, column)
            if attno is None:
                return None
        if self.on_relation(who, relation, letter, option):
            return True
        if kind == "column":
            return self._on_attribute(who, relation, attno, letter, option)
        if kind == "any_column":
            return any(self._on_attribute(who, relation, c.attno, letter, option) for c in relation.live_columns())
        return False

    @staticmethod
    def _attno(relation: Relation, column: str | int | None) -> int | None:
        if isinstance(column, int):
            return column if 0 < column <= len(relation.columns) and not relation.columns[column - 1].dropped else None
        found = relation.by_name.get(column)
        if found is None:
            raise DatabaseError(f'column "{column}" of relation "{relation.name}" does not exist', sqlstate="42703")
        return found.attno

    def may_use_schema(self, who: int, schema: int) -> bool:
        return bool(self._on_object("schema", who, schema, p.LETTERS["USAGE"], False))

    def on_relation(self, who: int, relation: Relation, letter: str, option: bool = False) -> bool:
        if self._is_superuser(who):
            return True
        kind = "sequence" if relation.kind == "S" else "table"
        owner = self._session.catalog.role_name(relation.owner) or ""
        roles = self.roles_of(who) if who else set()
        if p.allows(p.read_acl(relation.acl, kind, owner), owner, roles, letter, option):
            return True
        if option or relation.is_catalog:
            return False
        return letter == "r" and _READ_ALL in roles or letter in "awd" and _WRITE_ALL in roles

    def _on_attribute(self, who: int, relation: Relation, attno: int, letter: str, option: bool) -> bool:
        row = self._session.catalog.reader().one("pg_attribute", attrelid=relation.oid, attnum=attno)
        if row is None or row.attacl is None:
            return False
        owner = self._session.catalog.role_name(relation.owner) or ""
        items = [p.read_item(text) for text in row.attacl.items]
        return p.allows(items, owner, self.roles_of(who) if who else set(), letter, option)

    def _on_object(self, kind: str, who: int, object_: Any, letter: str, option: bool) -> bool | None:
        if kind not in _OBJECTS:
            return self._on_other(kind, who, object_, letter)
        table, name, owner_column, acl_column, noun, sqlstate = _OBJECTS[kind]
        reader = self._session.catalog.reader()
        row = reader.one(table, **({"oid": object_} if isinstance(object_, int) else {name: object_}))
        if row is None:
            if isinstance(object_, int):
                return None
            raise UndefinedObject(f'{noun} "{object_}" does not exist', sqlstate=sqlstate)
        if self._is_superuser(who):
            return True
        owner = self._session.catalog.role_name(getattr(row, owner_column)) or ""
        roles = self.roles_of(who) if who else set()
        if owner == "pg_database_owner":
            database = reader.one("pg_database", oid=self._session.catalog.database_oid())
            if self._session.catalog.role_name(database.datdba) in roles:
                roles = roles | {owner}
        return p.allows(p.read_acl(getattr(row, acl_column), kind, owner), owner, roles, letter, option)

    def _on_other(self, kind: str, who: int, object_: Any, letter: str) -> bool | None:
        """Functions and types: everybody may, unless it was revoked."""
        table, owner_column, acl_column = {
            "function": ("pg_proc", "proowner", "proacl"), "type": ("pg_type", "typowner", "typacl"),
        }.get(kind, (None, None, None))  # fmt: skip
        if table is None:
            return self._is_superuser(who)
        oid = object_
        if not isinstance(object_, int):
            shown = "regtype" if kind == "type" else "regprocedure"
            oid = self._session.catalog.reg_in(shown, object_)
        row = self._session.catalog.reader().one(table, oid=oid)
        if row is None:
            return None
        if self._is_superuser(who):
            return True
        owner = self._session.catalog.role_name(getattr(row, owner_column)) or ""
        return p.allows(p.read_acl(getattr(row, acl_column), kind, owner), owner, self.roles_of(who), letter)

    # -- what errors tell ----------------------------------------------------------------------------------------------
    def hide_values(self, error: DatabaseError) -> None:
        """Takes the row's values out of a constraint's error, where the current user could not have read them."""
        who = self._session.facts.current_oid
        catalog = self._session.catalog
        relation = catalog.relation_by_name(error.schema, error.table)
        if relation is None or self.on_relation(who, relation, "r"):
            return
        if error.failing_row is not None:
            error.detail = self._part_of(error.failing_row, who, relation)
            return
        index = next((i for i in relation.indexes if i.name == error.constraint), None)
        columns = index.columns[: index.key_count or None] if index is not None else ()
        if not columns or not all(attno and self._on_attribute(who, relation, attno, "r", False) for attno in columns):
            error.detail = None

    def _part_of(self, row: FailingRow, who: int, relation: Relation) -> str | None:
        """What a role may see of it: columns it may read, and those that it gave values itself."""
        shown = [
            (name, text) for attno, name, text in row.fields
            if attno in row.given or self._on_attribute(who, relation, attno, "r", False)
        ]  # fmt: skip
        if not shown:
            return None
        return f"Failing row contains ({', '.join(n for n, _ in shown)}) = ({', '.join(t for _, t in shown)})."

    # -- the check before a statement ----------------------------------------------------------------------------------
    def check(self, relation: Relation, words: Iterable[str]) -> None:
        """42501 unless the current user may do all of it, on the table or on some column of it."""
        facts = self._session.facts
        who = facts.current_oid
        for word in words:
            letter = p.LETTERS[word]
            if self.on_relation(who, relation, letter):
                continue
            if letter in "arw" and any(
                self._on_attribute(who, relation, c.attno, letter, False) for c in relation.live_columns()
            ):
                continue
            raise InsufficientPrivilege(f"permission denied for {_KINDS.get(relation.kind, 'table')} {relation.name}")
