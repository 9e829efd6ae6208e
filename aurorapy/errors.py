"""Every error a client can meet, as one tree.

A class exists of its own only where code somewhere catches it and reacts; everything else is raised as one of the
general classes with the SQLSTATE of PostgreSQL's appendix A given at the raise:

    raise DataError("division by zero", sqlstate="22012")
    raise UndefinedTable('relation "t" does not exist', position=15)

Fields are those of the ErrorResponse message (PostgreSQL manual, "Error and Notice Message Fields"); `position` is a
1-based character offset into the statement's text as the client sent it, or 0.

Not here: how an error is written to the client (`wire`) or to the log (`server`).
"""

from __future__ import annotations

from typing import NamedTuple


class FailingRow(NamedTuple):
    """A row that breaks a constraint. `given`: attnos that the statement itself named, which hide nothing from it."""

    fields: list[tuple[int, str, str]]  # attno, column, text
    given: frozenset[int]


class DatabaseError(Exception):
    """An error that ends one statement and is reported with its SQLSTATE.

    Keywords other than `sqlstate` are the optional fields of an ErrorResponse.
    """

    sqlstate = "XX000"
    severity = "ERROR"
    batch_row: int | None = None  # of several rows given at once, whose error it is
    failing_row: FailingRow | None = None  # what `detail` shows of one, for whom may see a part of it only

    def __init_subclass__(cls, sqlstate: str | None = None, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        if sqlstate is not None:
            cls.sqlstate = sqlstate

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
        position: int = 0,
        where: str | None = None,
        schema: str | None = None,
        table: str | None = None,
        column: str | None = None,
        datatype: str | None = None,
        constraint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if sqlstate is not None:
            self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint
        self.position = position
        self.where = where
        self.schema = schema
        self.table = table
        self.column = column
        self.datatype = datatype
        self.constraint = constraint

    def __str__(self) -> str:
        return f"{self.sqlstate} {self.message}"


class FatalError(DatabaseError, sqlstate="57P01"):
    """Ends the session: the client gets FATAL and the connection closes."""

    severity = "FATAL"


class ProtocolViolation(DatabaseError, sqlstate="08P01"):
    """A message the protocol does not allow; the session lives unless raised as fatal."""


class FeatureNotSupported(DatabaseError, sqlstate="0A000"):
    """Something PostgreSQL has and this server does not (yet)."""


class DataError(DatabaseError, sqlstate="22000"):
    """Class 22: a value is wrong."""


class IntegrityError(DatabaseError, sqlstate="23000"):
    """Class 23: a constraint is violated."""


class UniqueViolation(IntegrityError, sqlstate="23505"):
    """Caught by INSERT ... ON CONFLICT's arbiter retry."""


class TransactionStateError(DatabaseError, sqlstate="25000"):
    """Class 25: the statement does not fit the state of the transaction."""


class SerializationFailure(DatabaseError, sqlstate="40001"):
    """The transaction should be tried again by the client."""


class DeadlockDetected(DatabaseError, sqlstate="40P01"):
    """This session was chosen as the deadlock's victim."""


class SyntaxError(DatabaseError, sqlstate="42601"):  # noqa: A001 - PostgreSQL's name for it
    """The statement cannot be parsed."""


class UndefinedTable(DatabaseError, sqlstate="42P01"):
    """Caught where IF EXISTS and to_regclass turn it into nothing."""


class UndefinedObject(DatabaseError, sqlstate="42704"):
    """A type, role, index, ... does not exist."""


class UndefinedColumn(DatabaseError, sqlstate="42703"):
    """A column does not exist."""


class UndefinedFunction(DatabaseError, sqlstate="42883"):
    """No function or operator matches name and argument types."""


class InsufficientPrivilege(DatabaseError, sqlstate="42501"):
    """Permission denied."""


class ObjectInUse(DatabaseError, sqlstate="55006"):
    """The object is in use."""


class LockNotAvailable(DatabaseError, sqlstate="55P03"):
    """NOWAIT or lock_timeout."""


class QueryCanceled(DatabaseError, sqlstate="57014"):
    """CancelRequest or statement_timeout."""


class ResourceError(DatabaseError, sqlstate="53000"):
    """Class 53: disk full (53100), out of memory (53200), too many connections (53300)."""


class ProgramLimitExceeded(DatabaseError, sqlstate="54000"):
    """Class 54: too complex (54001), too many columns (54011), ..."""


class IoError(DatabaseError, sqlstate="58030"):
    """The operating system reported a failed read or write."""


class DataCorrupted(DatabaseError, sqlstate="XX001"):
    """A checksum, link or structure is wrong; nothing of it was served."""


class InternalError(DatabaseError, sqlstate="XX000"):
    """A state that cannot happen. The session ends its statement; the server stays up."""
