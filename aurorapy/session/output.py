"""What the client is sent: backend messages collected in one buffer, rows encoded by column codes.

    output.run_portal(portal, limit=0, describe=True)     # RowDescription, DataRows, CommandComplete
    output.error(DatabaseError(...))                      # ErrorResponse
    output.ready("I")                                     # ReadyForQuery

The connection takes the buffer when it waits for the client, or when `drain` is called because much has collected;
`drain` waits while the client does not read (back-pressure).

Not here: sockets (`server`), bytes of a field (`types`, `aurorapy_native.wire`).
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable

from aurorapy.config import SETTINGS
from aurorapy.errors import DatabaseError
from aurorapy.execute.rows.runtime import free_arrays
from aurorapy.session.codes import WRONG_LENGTH, encoder_of, param_reader_of
from aurorapy.session.long_texts import send_row
from aurorapy.session.rows import Rows
from aurorapy.types.values import let_go
from aurorapy.wire import backend
from aurorapy_native.outbuffer import OutBuffer, RowEncoder
from aurorapy_native.params import ParamReader
from aurorapy_native.row_output import PlainRows

CHUNK_ROWS = 256
DRAIN_BYTES = 128 * 1024
_LEVELS = {"DEBUG": 0, "LOG": 1, "INFO": 9, "NOTICE": 2, "WARNING": 3}
_THRESHOLDS = {"debug5": 0, "debug4": 0, "debug3": 0, "debug2": 0, "debug1": 0, "log": 1, "notice": 2, "warning": 3,
               "error": 4}  # fmt: skip


class Output:
    """One session's; `type_of(oid)` and `type_context` are given once the session has them."""

    def __init__(
        self, drain: Callable[[], None], send: Callable[[], None] = lambda: None, buffer: OutBuffer | None = None
    ) -> None:
        """`drain` sends and waits while the client does not read; `send` only sends what `buffer` has collected."""
        self.buffer = buffer if buffer is not None else OutBuffer()
        self.drain = drain
        self.send = send
        self.session: Any = None
        self._encoders: dict[tuple, RowEncoder] = {}
        self._reported: dict[str, str] = {}  # ParameterStatus: what the client was told last
        self._changed: set[str] = set()
        self._held: list[str] | None = None  # the tag that waits for its statement's commit

    # -- results -------------------------------------------------------------------------------------------------------
    def run_portal(self, portal: Any, limit: int, describe: bool) -> None:
        """Rows of a started portal, up to `limit` (0: all), then CommandComplete or PortalSuspended."""
        columns = portal.columns
        prepared = portal.prepared
        if portal.remote is not None:
            portal.remote.run(self, limit, describe)
            return
        if columns is None:
            for _ in portal.rows:
                pass
            self._finish(portal, prepared, portal.context.processed)
            return
        if describe:
            self.describe_result(prepared, portal.result_formats)
        formats = tuple(portal.result_formats)
        encoder = prepared.encoders.get(formats) or self.encoder_for(prepared, formats)
        if not limit:
            sent, suspended = self.send_all(portal.rows, encoder), False
        else:
            sent, suspended = self._send_some(portal.rows, encoder, limit)
        if suspended:
            self.session.interrupted_late()
            self.buffer.message("s")
            return
        self.session.look_for_interrupt()
        self._finish(portal, prepared, sent if prepared.kind in ("select", "values") else portal.context.processed)

    def send_all(self, rows: Any, encoder: RowEncoder) -> int:
        """A plan's rows as DataRows; how many."""
        if type(rows) is PlainRows:
            return rows.emit(self.buffer, encoder, DRAIN_BYTES, self.drain)
        rows, buffer, sent = iter(rows), self.buffer, 0
        while count := self._send_chunk(rows, encoder, CHUNK_ROWS):
            sent += count
            if buffer.size >= DRAIN_BYTES:
                self.drain()
        return sent

    def _send_chunk(self, rows: Any, encoder: RowEncoder, wanted: int) -> int:
        """Up to so many rows; those before an error are sent before it."""
        chunk: list[tuple] = []
        try:
            chunk.extend(islice(rows, wanted))
        finally:
            self._put(chunk, encoder)
        return len(chunk)

    def _put(self, rows: list[tuple], encoder: RowEncoder) -> None:
        done = self.buffer.rows_to_long_text(rows, encoder)
        while done < len(rows):
            send_row(rows[done], encoder, self.buffer, self.drain, self.session.check_interrupts)
            done = self.buffer.rows_to_long_text(rows, encoder, done + 1)

    def _send_some(self, rows: Any, encoder: RowEncoder, limit: int) -> tuple[int, bool]:
        """Up to `limit` rows: (how many, whether there may be more)."""
        buffer, sent = self.buffer, 0
        while sent < limit:
            wanted = min(CHUNK_ROWS, limit - sent)
            count = self._send_chunk(rows, encoder, wanted)
            sent += count
            if buffer.size >= DRAIN_BYTES:
                self.drain()
            if count < wanted:
                return sent, False
        return sent, True

    def _finish(self, portal: Any, prepared: Any, processed: int) -> None:
        if let_go:
            free_arrays(self.session.check_interrupts)
        portal.transaction.next_command()
        portal.close()
        self.session.has_run(prepared.kind)
        self.complete(prepared.tag(processed))

    def result(self, result: Rows) -> None:
        """A utility's rows with their description."""
        formats = result.formats or []
        self.describe(result.columns, formats)
        self._put(result.rows, self.encoder(result.columns, formats))
        self.complete(f"{result.tag} {len(result.rows)}" if result.counted else result.tag)

    def result_rows(self, result: Rows, limit: int, portal: Any) -> None:
        """The same in the extended protocol, where the description was sent before."""
        stop = len(result.rows) if not limit else min(result.sent + limit, len(result.rows))
        formats = result.formats or portal.result_formats
        rows = result.rows[result.sent : stop]
        self._put(rows, self.encoder(result.columns, formats))
        first, result.sent = result.sent, stop
        if stop < len(result.rows):
            self.buffer.message("s")
            return
        self.complete(f"{result.tag} {stop - first}" if result.counted else result.tag)

    def complete(self, tag: str) -> None:
        if self._held is not None:
            self._held.append(tag)
        else:
            self.buffer.message("C", tag.encode() + b"\0")

    def hold_tags(self) -> None:
        """The tags from now on are sent by release_tags: a commit that fails takes their place."""
        self._held = []

    def release_tags(self, committed: bool) -> None:
        held, self._held = self._held, None
        for tag in held or () if committed else ():
            self.complete(tag)

    def empty_query(self) -> None:
        self.buffer.message("I")

    # -- descriptions --------------------------------------------------------------------------------------------------
    def describe(self, columns: list[Any] | None, formats: list[int]) -> None:
        if columns is None:
            self.buffer.message("n")
            return
        type_of = self.session.eval.type_of
        per_column = _spread(formats, len(columns))
        described = []
        for column, format_ in zip(columns, per_column):
            type_ = type_of(column.type_oid)
            described.append(
                (column.name, column.origin_table, column.origin_column, column.type_oid, type_.length, column.typmod, format_)
            )
        self.buffer.message("T", backend.row_description(described))

    def describe_result(self, prepared: Any, formats: list[int]) -> None:
        """describe() of a prepared statement's columns, whose bytes are kept."""
        key = tuple(formats)
        body = prepared.descriptions.get(key)
        if body is None:
            mark = self.buffer.size
            self.describe(prepared.columns, formats)
            prepared.descriptions[key] = self.buffer.since(mark)
        else:
            self.buffer.raw(body)

    def parameter_description(self, type_oids: list[int]) -> None:
        self.buffer.message("t", backend.parameter_description(type_oids))

    def encoder(self, columns: list[Any], formats: list[int]) -> RowEncoder:
        key = (*[c.type_oid for c in columns], *formats)
        found = self._encoders.get(key)
        if found is None:
            context = self.session.eval.type_context
            pairs = [
                encoder_of(self.session.eval.type_of(c.type_oid), f, context)
                for c, f in zip(columns, _spread(formats, len(columns)))
            ]
            found = RowEncoder("".join(code for code, _ in pairs).encode(), tuple(call for _, call in pairs))
            self._encoders[key] = found
        return found

    def encoder_for(self, prepared: Any, formats: tuple[int, ...]) -> RowEncoder:
        """The encoder of a prepared statement's rows, which keeps it."""
        made = prepared.encoders[formats] = self.encoder(prepared.columns, list(formats))
        return made

    def param_reader(self, prepared: Any, formats: tuple[int, ...]) -> ParamReader | None:
        """The reader of a prepared statement's parameters, which keeps it; None when there are not as many formats."""
        type_oids = prepared.param_types
        if len(formats) > 1 and len(formats) != len(type_oids):
            return None
        evaluation = self.session.eval
        types = [evaluation.type_of(oid) for oid in type_oids]
        made = param_reader_of(types, _spread(list(formats), len(types)), evaluation.type_context)
        prepared.readers[formats] = made
        return made

    def decode_params(self, prepared: Any, formats: list[int], values: list[bytes | None], portal: str = "") -> tuple:
        """Bound parameter values. Errors carry PostgreSQL's context line."""
        key = tuple(formats)
        decoders = (prepared.readers.get(key) or self.param_reader(prepared, key)).decoders
        try:
            return tuple([None if v is None else decode(v) for decode, v in zip(decoders, values)])
        except DatabaseError:
            self._decode_again(portal, decoders, _spread(formats, len(values)), values)
            raise

    @staticmethod
    def _decode_again(portal: str, decoders: tuple[Any, ...], formats: list[int], values: list[bytes | None]) -> None:
        """Finds which value it was: PostgreSQL names the parameter, and hides the text of one that may be secret."""
        named = f'portal "{portal}"' if portal else "unnamed portal"
        for number, (decode, format_, value) in enumerate(zip(decoders, formats, values), 1):
            try:
                if value is not None:
                    decode(value)
            except DatabaseError as error:
                shown = "" if format_ else " = '...'" if value else " = ''"
                error.where = f"{named} parameter ${number}{shown}"
                if error.message == WRONG_LENGTH:
                    error.message += f" {number}"
                raise error from None

    # -- protocol answers ----------------------------------------------------------------------------------------------
    def parse_complete(self) -> None:
        self.buffer.message("1")

    def bind_complete(self) -> None:
        self.buffer.message("2")

    def close_complete(self) -> None:
        self.buffer.message("3")

    def ready(self, letter: str) -> None:
        self.buffer.message("Z", letter.encode())

    def error(self, error: DatabaseError) -> None:
        self.buffer.message("E", backend.error_fields(error))

    def notice(self, severity: str, message: str, sqlstate: str, detail: str | None = None, hint: str | None = None) -> None:
        if self.session is not None and severity != "INFO":
            if _LEVELS.get(severity, 2) < _THRESHOLDS[self.session.settings["client_min_messages"]]:
                return
        self.buffer.message("N", backend.notice_fields(severity, message, sqlstate, detail, hint))

    def parameter_changed(self, name: str) -> None:
        """The client hears of it before the next ReadyForQuery."""
        if name in SETTINGS and SETTINGS[name].report:
            self._changed.add(name)
            self.buffer.unreported = True

    def report_changes(self, settings: Any) -> None:
        """ParameterStatus of what is no longer as the client was told."""
        for name in sorted(self._changed):
            setting = SETTINGS[name]
            value = setting.show(settings[name])
            if self._reported.get(name) != value:
                self._reported[name] = value
                self.buffer.message("S", backend.parameter_status(setting.name, value))
        self._changed.clear()
        self.buffer.unreported = False

    def notification(self, pid: int, channel: str, payload: str) -> None:
        self.buffer.message("A", backend.notification(pid, channel, payload))

    def copy_begins(self, letter: str, binary: bool, columns: int) -> None:
        """letter: G (in) or H (out)."""
        self.buffer.message(letter, backend.copy_response(1 if binary else 0, columns))

    def copy_data(self, data: bytes) -> None:
        self.buffer.message("d", data)
        if self.buffer.size >= DRAIN_BYTES:
            self.drain()

    def copy_done(self) -> None:
        self.buffer.message("c")


def _spread(formats: list[int], count: int) -> list[int]:
    """Format codes a column: none means text, one is for all."""
    if not formats:
        return [0] * count
    return formats * count if len(formats) == 1 else formats
