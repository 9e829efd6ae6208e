"""The columns of statements that are not queries but answer with rows: what Describe says before they run."""

from __future__ import annotations

from typing import Any

from aurorapy.config import find_setting
from aurorapy.execute import OutputColumn
from aurorapy.sql import statements as s

TEXT, JSON = 25, 114


def columns_of(session: Any, statement: s.Statement) -> list[OutputColumn] | None:
    """What Describe says before the statement has run."""
    if isinstance(statement, s.Show):
        return show_columns(statement)
    if isinstance(statement, s.Explain):
        return [OutputColumn("QUERY PLAN", TEXT if statement.options.get("format", "text") == "text" else JSON)]
    if isinstance(statement, s.Fetch) and not statement.move:
        portal = session.portals.get(statement.cursor)
        return portal.columns if portal is not None else None
    if isinstance(statement, s.Execute):
        found = session.prepared.get(statement.name)
        return found.columns if found is not None else None
    return None


def show_columns(statement: s.Show) -> list[OutputColumn]:
    if statement.name.lower() == "all":
        return [OutputColumn(n, TEXT) for n in ("name", "setting", "description")]
    setting = find_setting(statement.name)
    return [OutputColumn(setting.name if setting else statement.name, TEXT)]
