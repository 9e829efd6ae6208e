"""The FunctionCall message ('F'): a function by OID with arguments in the message. Old clients use it for large objects.

Runs as `SELECT f($1, …)` would; answers FunctionCallResponse and ReadyForQuery.
"""

from __future__ import annotations

import struct
from typing import Any

from aurorapy.errors import DatabaseError, FatalError, UndefinedFunction
from aurorapy.expressions.registry import FUNCTIONS_BY_OID
from aurorapy.session.codes import decoder_of


def function_call(session: Any, message: tuple) -> None:
    _letter, oid, formats, values, result_format = message
    try:
        session.start_statement("")
        session.block.start_statement()
        data = _call(session, oid, formats, values, result_format)
        session.output.buffer.message("V", struct.pack("!i", -1) if data is None else struct.pack("!i", len(data)) + data)
        session.block.finish_implicit()
        session.end_statement()
    except FatalError:
        raise
    except Exception as error:  # noqa: BLE001 - the session's one place where a statement's failure ends
        session.report_error(error)
    session.ready()


def _call(session: Any, oid: int, formats: list[int], values: list[bytes | None], result_format: int) -> bytes | None:
    function = FUNCTIONS_BY_OID.get(oid)
    if function is None or function.call is None or function.returns_set:
        raise UndefinedFunction(f"function with OID {oid} does not exist")
    if len(values) != len(function.arg_oids):
        raise DatabaseError(
            f"function call message contains {len(values)} arguments but function requires {len(function.arg_oids)}",
            sqlstate="08P01",
        )
    spread = formats * len(values) if len(formats) == 1 else formats or [0] * len(values)
    evaluation = session.eval
    arguments = [
        None if v is None else decoder_of(evaluation.type_of(t), f, evaluation.type_context)(v)
        for v, t, f in zip(values, function.arg_oids, spread)
    ]
    if function.strict and None in arguments:
        return None
    result = function.call(*([evaluation] if function.needs_context else []), *arguments)
    if result is None:
        return None
    type_ = evaluation.type_of(function.ret_oid)
    if result_format == 1:
        return type_.send(result, evaluation.type_context)
    return type_.output(result, evaluation.type_context).encode()
