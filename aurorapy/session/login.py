"""What the catalog says of who connects, and where to: may they, and with which settings does the session start.

    admit(session, role)                   CONNECT on the database, its connection limit and the role's
    give_start_settings(session, given)    ALTER ROLE … SET, ALTER DATABASE … SET, then what the client gave

Settings kept for a role in one database go before those of the role, these before those of the database, and what the
client gives at connect before all of them (PostgreSQL manual, "ALTER ROLE"). RESET goes back to the result. A kept
setting that is not valid any more is logged and left out: nobody is locked out by it.

Errors: FatalError 42501, 53300; 42704, 22023, 55P02 and 42501 for what the client gave.

Not here: passwords (`server.authentication`).
"""

from __future__ import annotations

from typing import Any, Iterable

from aurorapy.errors import DatabaseError, FatalError


def admit(session: Any, role: Any) -> None:
    """A superuser is never refused."""
    facts = session.facts
    if facts.is_superuser:
        return
    others = [other.facts for other in session.instance.backends.by_pid.values() if other.facts is not facts]
    _check_limit(f'role "{role.name}"', role.connection_limit, sum(other.user_oid == role.oid for other in others))
    name = facts.database
    if not session.eval.definitions.has_privilege("database", role.oid, session.database.oid, "CONNECT"):
        raise FatalError(
            f'permission denied for database "{name}"', sqlstate="42501", detail="User does not have CONNECT privilege."
        )
    limit = session.catalog.reader().one("pg_database", oid=session.database.oid).datconnlimit
    _check_limit(f'database "{name}"', limit, sum(other.database == name for other in others))


def _check_limit(what: str, limit: int, others: int) -> None:
    if 0 <= limit <= others:
        raise FatalError(f"too many connections for {what}", sqlstate="53300")


def give_start_settings(session: Any, given: Iterable[tuple[str, str]]) -> None:
    for name, text in _kept_settings(session):
        try:
            _give(session, name, text, trusted=True)
        except DatabaseError as error:
            session.instance.log.warning("a setting kept for the role or database is left out", name=name, error=error.message)
    for name, text in given:
        _give(session, name, text)


def _kept_settings(session: Any) -> list[tuple[str, str]]:
    """Those that count most come last. Read in one scan: the table is empty, or of a few rows, almost everywhere."""
    rows = [
        row for row in session.catalog.reader().scan("pg_db_role_setting")
        if row.setdatabase in (0, session.database.oid) and row.setrole in (0, session.facts.user_oid)
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.setrole != 0, row.setdatabase != 0))
    return [tuple(item.split("=", 1)) for row in rows for item in row.setconfig.items]


def _give(session: Any, name: str, text: str, trusted: bool = False) -> None:
    session.settings.set_startup(name, text, trusted)
    session.setting_changed(name.lower(), session.settings[name])
