"""What a setting reaches besides its own value: the session's parts that keep a copy, or work differently from here on.

    set timezone = 'Europe/Paris'    → EFFECTS["timezone"](session, "Europe/Paris")    → type_context.time_zone

A setting without an entry is read where it is used. The value has been checked and stored; an effect that raises
(`role`: no such role) makes SET fail.

Not here: checks (`setting_checks`), scopes and rollback (`settings`), ParameterStatus (`output`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.config import SETTINGS
from aurorapy.sql.plan.costs import COST_SETTINGS

Effect = Callable[[Any, Any], None]  # (session, value)


def _of_types(attribute: str) -> Effect:
    """Input and output of values depend on it."""
    return lambda session, value: setattr(session.eval.type_context, attribute, value)


def _date_style(session: Any, value: str) -> None:
    context = session.eval.type_context
    context.date_style, context.date_order = value.split(", ")


def _application_name(session: Any, value: str) -> None:
    session.eval.application_name = session.activity.application_name = value


def _role(session: Any, value: str) -> None:
    session.facts.become(session.catalog, value)
    _user_changed(session)


def _session_authorization(session: Any, value: str) -> None:
    session.settings.values.pop("role", None)
    session.facts.authorize(session.catalog, value)
    _user_changed(session)


def _user_changed(session: Any) -> None:
    facts = session.facts
    session.eval.current_user, session.eval.session_user = facts.current_user, facts.user
    if session.settings.startup.get("is_superuser") != facts.is_superuser:
        session.settings.startup["is_superuser"] = facts.is_superuser
        session.output.parameter_changed("is_superuser")
    session.catalog.path_changed()


def _lock_timeout(session: Any, value: int) -> None:
    if session.transaction is not None:
        session.transaction.lock_timeout = session.settings.lock_timeout_s


def _statement_log(session: Any, value: Any) -> None:
    session.log.settings_changed()
    session.forwarding.mode_changed()


def _replan(session: Any, value: Any) -> None:
    """Plans that are kept were chosen under other settings."""
    session.catalog.path_changed()


EFFECTS: dict[str, Effect] = {
    **{name: _replan for name in (*COST_SETTINGS.values(), *(name for name in SETTINGS if name.startswith("enable_")))},
    "search_path": lambda session, value: session.catalog.path_changed(),
    "timezone": _of_types("time_zone"),
    "datestyle": _date_style,
    "intervalstyle": _of_types("interval_style"),
    "extra_float_digits": _of_types("extra_float_digits"),
    "bytea_output": _of_types("bytea_output"),
    "application_name": _application_name,
    "role": _role,
    "session_authorization": _session_authorization,
    "lock_timeout": _lock_timeout,
    "seed": lambda session, value: session.eval.seed_random(value),
    "apg_write_forward.consistency_mode": lambda session, value: session.forwarding.mode_changed(),
    "log_statement": _statement_log,
    "log_min_duration_statement": _statement_log,
}
