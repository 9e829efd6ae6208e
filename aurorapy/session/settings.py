"""One session's settings: SET, SET LOCAL, RESET, SHOW, and what a rollback takes back.

A SET inside a transaction block is undone when the block (or the savepoint it stands in) rolls back; a SET LOCAL is
undone at the end of the transaction either way (PostgreSQL manual, SET).

    settings.set("work_mem", "64MB")           # parsed, checked, remembered for rollback
    settings["work_mem"]                       # 65536, in the setting's unit
    settings.show("work_mem")                  # "64MB"

`session.setting_changed(name, value)` hears what it must react to (ParameterStatus, TypeContext, search_path).

Errors: 42704 unknown name, 22023 bad value, 55P02 cannot be changed now, 42501 only a superuser may.
"""

from __future__ import annotations

from typing import Any

from aurorapy.config import ALIASES, SETTINGS, Setting, find_setting, need_setting
from aurorapy.errors import DatabaseError, DataError, FeatureNotSupported, InsufficientPrivilege
from aurorapy.records import dataclass
from aurorapy.session.setting_checks import CHECKS
from aurorapy_native.block import SettingsCore


@dataclass(slots=True)
class _Undo:
    name: str
    old: Any
    had: bool
    local: bool
    level: int  # savepoint depth it was made at


_UNLISTED = {"is_superuser", "role", "seed", "session_authorization"}


class SessionSettings(SettingsCore):
    __slots__ = ("_session", "base", "startup", "plan_cache", "work_mem_bytes", "forwards", "temp_file_limit_bytes")

    def __init__(self, session: Any) -> None:
        self._session = session
        self.base: dict[str, Any] = session.instance.settings  # by lower-case name; never changed here
        self.startup: dict[str, Any] = {}  # of the role, the database and the client: what RESET goes back to
        self.values = {}
        self._undo = []  # of _Undo
        self._level = 0
        self.in_transaction = False
        self.refresh()

    def refresh(self) -> None:
        """Reads what every statement asks for into plain attributes."""
        self.statement_timeout = self["statement_timeout"]
        self.plan_cache: bool = self["plan_cache"]
        self.lock_timeout_s = self["lock_timeout"] / 1000 or None
        self.idle_session_timeout = self["idle_session_timeout"]
        self.idle_in_transaction_timeout = self["idle_in_transaction_session_timeout"]
        self.reads_alone = not self["default_transaction_isolation"].startswith(("repeatable", "serializable"))
        self.waits_for_commit = self["synchronous_commit"] != "off"
        self.work_mem_bytes: int = self["work_mem"] << 10
        self.in_recovery = self["in_hot_standby"]
        self.forwards: bool = (
            self.in_recovery and self["local_write_forwarding"] and self["apg_write_forward.consistency_mode"] != "off"
        )
        limit = self["temp_file_limit"]
        self.temp_file_limit_bytes: int | None = limit << 10 if limit >= 0 else None
        self.transaction_defaults = (
            self["default_transaction_isolation"], self["default_transaction_read_only"] or (self.in_recovery and not self.forwards),
            self["default_transaction_deferrable"],
        )  # fmt: skip

    def __getitem__(self, name: str) -> Any:
        key = name.lower()
        if key in self.values:
            return self.values[key]
        if key in self.startup:
            return self.startup[key]
        return self.base[key]

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    # -- statements ----------------------------------------------------------------------------------------------------
    def set(self, name: str, values: list[str] | None, local: bool = False) -> None:
        """SET name TO values; None is DEFAULT."""
        key = canonical(name)
        setting = self.check_changeable(name)
        if values is None:
            self._assign(key, self._default(key), local)
        elif setting is None:
            self._assign(key, ", ".join(values), local)
        else:
            self._assign(key, parse_value(setting, _joined(setting, values), self), local)

    def check_changeable(self, name: str) -> Setting | None:
        """None for one that only the client knows (`a.b`)."""
        setting = find_setting(name)
        if setting is None:
            if "." in name:
                return None
            raise need_setting_error(name)
        if setting.context == "internal":
            raise DatabaseError(f'parameter "{setting.name}" cannot be changed', sqlstate="55P02")
        if setting.context == "postmaster":
            raise DatabaseError(
                f'parameter "{setting.name}" cannot be changed without restarting the server', sqlstate="55P02"
            )
        if setting.context == "sighup":
            raise DatabaseError(f'parameter "{setting.name}" cannot be changed now', sqlstate="55P02")
        if setting.context == "superuser-backend":
            raise DatabaseError(
                f'parameter "{setting.name}" cannot be set after connection start', sqlstate="55P02"
            )
        if setting.context == "superuser" and not self._session.facts.is_superuser:
            raise InsufficientPrivilege(f'permission denied to set parameter "{setting.name}"')
        return setting

    def _assign(self, key: str, value: Any, local: bool) -> None:
        if self.in_transaction:
            self._undo.append(_Undo(key, self.values.get(key), key in self.values, local, self._level))
        elif local:
            return
        self.values[key] = value
        self.refresh()
        self._session.setting_changed(key, value)

    def set_startup(self, name: str, text: str, trusted: bool = False) -> None:
        """A parameter of the startup message, or (`trusted`) one that the catalog keeps for the role or database."""
        key = canonical(name)
        setting = find_setting(name)
        if setting is None:
            if "." not in name:
                raise need_setting_error(name)
            self.startup[key] = text
            return
        if setting.context in ("internal", "postmaster", "sighup"):
            self.check_changeable(name)
        if setting.context.startswith("superuser") and not trusted and not self._session.facts.is_superuser:
            raise InsufficientPrivilege(f'permission denied to set parameter "{setting.name}"')
        self.startup[key] = parse_value(setting, text, self)
        self.refresh()

    def checked(self, name: str, values: list[str] | None) -> tuple[str, str]:
        """The setting's own name and the text to keep for a role or database, if SET would take it; None: what the
        session has now."""
        setting = self.check_changeable(name)
        own_name = name if setting is None else setting.name
        if values is None:
            return own_name, self.show(name)
        if setting is None:
            return own_name, ", ".join(values)
        text = _joined(setting, values)
        parse_value(setting, text, self)
        return own_name, text

    def reset(self, name: str) -> None:
        key = canonical(name)
        self.check_changeable(name)
        self._assign(key, self._default(key), local=False)

    def reset_all(self) -> None:
        for key in list(self.values):
            setting = SETTINGS.get(key)
            if key in ("transaction_isolation", "transaction_read_only", "transaction_deferrable", "role",
                       "session_authorization"):  # fmt: skip
                continue
            if setting is None or setting.context in ("user", "superuser"):
                self._assign(key, self._default(key), local=False)

    def _default(self, key: str) -> Any:
        if key in self.startup:
            return self.startup[key]
        return self.base.get(key, "")

    def show(self, name: str) -> str:
        """Raises UndefinedObject 42704."""
        key = canonical(name)
        setting = find_setting(name)
        if setting is None:
            if key in self.values or key in self.startup:
                return str(self[key])
            raise need_setting_error(name)
        if key == "transaction_read_only" and self.in_recovery and not self.forwards:
            return "on"
        if key.startswith("transaction_") and key not in self.values:
            key = f"default_{key}"  # outside a block: what the statement's own transaction has
        return setting.show(self[key])

    def all(self) -> list[tuple[Setting, Any]]:
        """What SHOW ALL and pg_settings list."""
        return [(setting, self[key]) for key, setting in sorted(SETTINGS.items()) if key not in _UNLISTED]

    # -- transactions --------------------------------------------------------------------------------------------------
    def begin(self) -> None:
        self.in_transaction = True
        self._level = 0

    def savepoint(self) -> None:
        self._level += 1

    def release(self, levels: int = 1) -> None:
        self._level -= levels
        for undo in self._undo:
            undo.level = min(undo.level, self._level)

    def rollback_to(self, level: int) -> None:
        """Back to what held when savepoint number `level` (from 1) was set."""
        while self._undo and self._undo[-1].level >= level:
            self._restore(self._undo.pop())
        self._level = level

    def settle_undo(self) -> None:
        """The end of a transaction that committed and had some SET."""
        undone: set[str] = set()
        for undo in reversed(self._undo):
            if undo.local:
                self._restore(undo)
                undone.add(undo.name)
            elif undo.name in undone:
                undone.discard(undo.name)
        self._end()

    def rollback(self) -> None:
        while self._undo:
            self._restore(self._undo.pop())
        self._end()

    def _end(self) -> None:
        self._undo.clear()
        self._level = 0
        self.in_transaction = False

    def _restore(self, undo: _Undo) -> None:
        if undo.had:
            self.values[undo.name] = undo.old
        else:
            self.values.pop(undo.name, None)
        self.refresh()
        self._session.setting_changed(undo.name, self.get(undo.name))


def canonical(name: str) -> str:
    key = name.lower()
    return ALIASES.get(key, key)


def need_setting_error(name: str) -> Exception:
    try:
        need_setting(name)
    except DatabaseError as error:
        return error
    raise AssertionError(name)


def _joined(setting: Setting, values: list[str]) -> str:
    """The values of a SET as one text."""
    if len(values) > 1 and not setting.list_of_names:
        raise DataError(f"SET {setting.name} takes only one argument", sqlstate="22023")
    return ", ".join(map(quote_list_item, values) if setting.name == "search_path" else values)


def parse_value(setting: Setting, text: str, settings: SessionSettings) -> Any:
    """The setting's own parse, then what only this server knows about the value (time zones, encodings, styles)."""
    value = setting.parse(text)
    check = CHECKS.get(setting.name.lower())
    if check is None:
        return value
    try:
        return check(value, settings)
    except (DataError, FeatureNotSupported):
        raise
    except ValueError:
        raise DataError(f'invalid value for parameter "{setting.name}": "{text}"', sqlstate="22023") from None


def quote_list_item(item: str) -> str:
    """How SHOW search_path prints a schema name."""
    if item and (item[0].isalpha() or item[0] == "_") and item == item.lower() and item.replace("_", "a").isalnum():
        return item
    return '"' + item.replace('"', '""') + '"'
