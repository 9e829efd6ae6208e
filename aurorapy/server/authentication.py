"""Who the client is: trust, or SCRAM-SHA-256 against the role's verifier.

Whether a role exists is not told before its password was asked for: an unknown one plays the same exchange with a salt
made from its name, and fails with the same text (28P01).

Errors: FatalError 28P01 wrong password, 28000 unknown role (trust) or a role that may not log in.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from aurorapy.errors import FatalError
from aurorapy.wire import backend
from aurorapy.wire.scram import MECHANISM, AuthenticationFailed, ScramExchange, mock_verifier, parse_verifier


def authenticate(connection: Any, user: str, database: str, deadline: float) -> Any:
    """Returns the role (an instance.Role)."""
    instance = connection.instance
    role = instance.role_named(user)
    if instance.settings["auth_method"] == "scram-sha-256":
        _scram(connection, user, role, deadline)
    if role is None:
        raise FatalError(f'role "{user}" does not exist', sqlstate="28000")
    if not role.can_login:
        raise FatalError(f'role "{user}" is not permitted to log in', sqlstate="28000")
    return role


def _scram(connection: Any, user: str, role: Any, deadline: float) -> None:
    instance = connection.instance
    has_password = role is not None and role.verifier and not _is_expired(role, instance.host.clock.wall_us())
    verifier = parse_verifier(role.verifier) if has_password else None
    known = verifier is not None
    if verifier is None:
        verifier = mock_verifier(user, instance.authentication_secret)
    nonce = b64encode(instance.host.random.bytes(18)).decode()
    exchange = ScramExchange(verifier, nonce, known)
    out = connection.output.buffer
    out.message("R", backend.sasl_mechanisms(MECHANISM))
    body = _password_message(connection, deadline)
    mechanism, _, rest = body.partition(b"\0")
    if mechanism != MECHANISM.encode():
        raise FatalError("client selected an invalid SASL authentication mechanism", sqlstate="08P01")
    out.message("R", backend.authentication(11, exchange.first(rest[4:])))
    body = _password_message(connection, deadline)
    try:
        out.message("R", backend.authentication(12, exchange.final(body)))
    except AuthenticationFailed:
        raise FatalError(f'password authentication failed for user "{user}"', sqlstate="28P01") from None


def _is_expired(role: Any, now_us: int) -> bool:
    """VALID UNTIL has passed: the password is as good as none."""
    return role.valid_until is not None and role.valid_until < now_us


def _password_message(connection: Any, deadline: float) -> bytes:
    connection.send()
    while True:
        message = connection.reader.next()
        if message is not None:
            break
        connection._wait_until(deadline)
    if message[0] != "p":
        raise FatalError("expected SASL response, got message type " + str(ord(message[0])), sqlstate="08P01")
    return message[1]
