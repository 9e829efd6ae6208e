"""What the instances of one cluster, and its control plane, say to each other.

    feed       i2 → i1  Attach i2 epoch=4.1f            a reader comes to its writer
               i1 → i2  Attached epoch=4.1f vdl=0x1f0   where the stream begins, and what a snapshot needs until then
               i1 → i2  Records 0x1f0..0x2a8            whole mini-transactions, the bytes that storage gets
               i1 → i2  Moved vdl=0x2a8                 what is durable, hence visible
               i2 → i1  Seen vdl=0x2a8                  how far the reader is and what it still reads
    control    c → i1   Ask                             answered by Report: the heartbeat
               c → i2   Promote 7                       answered by Promoted or Failed
               c → i3   Follow 127.0.0.1:5602           the writer is there now
               c → i1   ChangeNodes replace b1 b3=b:…   to the writer, answered by Changed or Failed
               c → i1   StepDown 5.0                    answered by SteppedDown; the process then leaves
               c → i1   AskStorage                      answered by Storage: is a write quorum within its reach?
    forwarding i2 → i1  OpenSession i2                  from here on this link is one client's session on the writer
               i2 ⇄ i1  Forward 0x2a8 74 bytes          the PostgreSQL protocol, as between a client and a server
               i2 → i1  CancelForwarded                 the statement that runs there

Frames of `host.network`, written as storage's are (`storage/codec.py`): a `number` of a request comes back with its answer.

Safety rests on none of this: who may write is decided by the volume epoch, at storage. What is lost or said twice here
costs time, never data.

Errors: decode raises ProtocolError for what is no message.

Not here: who is promoted when (`cluster/failover.py`), what each message does to an instance (`feed`, `reader`, `promotion`).
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Sequence, get_args

from aurorapy.host.frames import ProtocolError
from aurorapy.records import dataclass
from aurorapy.storage.codec import MALFORMED, decode_fields, encode_fields
from aurorapy.storage.messages import Epoch, Lsn

WRITER, READER = "writer", "reader"


class ReadPoint(NamedTuple):
    """A group's last LSN at or below the VDL."""

    group: int
    lsn: Lsn


# -- feed --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Attach:
    """Reader → writer: I follow. `vdl`: how far its cache is already, 0 for an empty one; `horizon`: its oldest snapshot."""

    name: str
    epoch: Epoch
    vdl: Lsn = 0
    horizon: Lsn = 0
    tier: int = 1  # of promotion

    def __str__(self) -> str:
        return f"Attach {self.name} epoch={self.epoch} vdl={self.vdl:#x}"


@dataclass(slots=True)
class Attached:
    """Writer → reader: everything at or below `vdl` is in the volume, and everything above it comes in the stream (or has
    come already). `state`: ids and commits that a snapshot at `vdl` needs; `horizon`: the writer's prune horizon."""

    epoch: Epoch
    vdl: Lsn
    horizon: Lsn
    points: tuple[ReadPoint, ...]
    state: bytes

    def __str__(self) -> str:
        return f"Attached epoch={self.epoch} vdl={self.vdl:#x} horizon={self.horizon:#x}"


@dataclass(slots=True)
class Records:
    """Whole mini-transactions: records in (prev, last] of the volume, one protection group after the other."""

    epoch: Epoch
    prev: Lsn
    last: Lsn
    records: bytes

    def __str__(self) -> str:
        return f"Records {self.prev:#x}..{self.last:#x}"


@dataclass(slots=True)
class Moved:
    """The writer's VDL, and its clock when it moved there. Ids below `oldest_xid` have ended, their commits at or below the
    VDL; ids from `next_xid` on are not handed out."""

    epoch: Epoch
    vdl: Lsn
    sent_us: int
    oldest_xid: int
    next_xid: int

    def __str__(self) -> str:
        return f"Moved vdl={self.vdl:#x}"


@dataclass(slots=True)
class Seen:
    """Reader → writer, every 100 ms or so; feeds the prune horizon, the PGMRPL and aurora_replica_status(). Neither its
    snapshots nor those it will take are older than `oldest_snapshot`."""

    name: str
    vdl: Lsn
    oldest_snapshot: Lsn
    oldest_read_point: Lsn
    lag_us: int
    cache_pages: int

    def __str__(self) -> str:
        return f"Seen {self.name} vdl={self.vdl:#x} snapshot={self.oldest_snapshot:#x} lag={self.lag_us}us"


@dataclass(slots=True)
class AskReplicas:
    """Reader → writer: who else is there? Answered by Replicas."""

    def __str__(self) -> str:
        return "AskReplicas"


class Replica(NamedTuple):
    """One instance, as the writer knows it; the writer itself has no lag. `said_us`: when it said so."""

    name: str
    is_writer: bool
    vdl: Lsn
    oldest_snapshot: Lsn
    oldest_read_point: Lsn
    lag_us: int
    said_us: int
    running: int


@dataclass(slots=True)
class Replicas:
    instances: tuple[Replica, ...]

    def __str__(self) -> str:
        return f"Replicas {', '.join(each.name for each in self.instances)}"


@dataclass(slots=True)
class AskCached:
    """Writer → the reader of tier 0: which pages have you? Answered by Cached."""

    def __str__(self) -> str:
        return "AskCached"


@dataclass(slots=True)
class Cached:
    """Page numbers, four bytes each."""

    pages: bytes

    def __str__(self) -> str:
        return f"Cached {len(self.pages) // 4} pages"


@dataclass(slots=True)
class Warm:
    """Writer → the reader of tier 0: keep these too."""

    pages: bytes

    def __str__(self) -> str:
        return f"Warm {len(self.pages) // 4} pages"


# -- control -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Ask:
    """How are you? Answered by Report."""

    def __str__(self) -> str:
        return "Ask"


@dataclass(slots=True)
class Report:
    """`is_open`: sessions are served. `lag_us`: of a reader, behind its writer. `stalled_ms`: of a writer, for how long
    commits have waited while its VDL stood still."""

    name: str
    role: str
    tier: int
    epoch: Epoch
    vdl: Lsn
    lag_us: int
    cache_pages: int
    sessions: int
    is_open: bool
    stalled_ms: int = 0

    def __str__(self) -> str:
        state = "open" if self.is_open else "not open"
        stalled = f" stalled={self.stalled_ms}ms" if self.stalled_ms else ""
        return f"Report {self.name} {self.role} {state} epoch={self.epoch} vdl={self.vdl:#x} lag={self.lag_us}us{stalled}"


@dataclass(slots=True)
class AskStorage:
    """Does a write quorum of every protection group answer you? Answered by Storage, after two seconds at most."""

    def __str__(self) -> str:
        return "AskStorage"


@dataclass(slots=True)
class Storage:
    is_reached: bool

    def __str__(self) -> str:
        return f"Storage {'' if self.is_reached else 'not '}reached"


@dataclass(slots=True)
class Promote:
    """Become the writer. `number`: of this change of writers; a smaller one than was obeyed already is Failed."""

    number: int

    def __str__(self) -> str:
        return f"Promote {self.number}"


@dataclass(slots=True)
class Promoted:
    """The first session may write."""

    number: int
    epoch: Epoch
    vdl: Lsn

    def __str__(self) -> str:
        return f"Promoted {self.number} epoch={self.epoch} vdl={self.vdl:#x}"


@dataclass(slots=True)
class Follow:
    """The writer, whose epoch is this, listens there. An older epoch than the one followed is not obeyed."""

    address: str
    epoch: Epoch

    def __str__(self) -> str:
        return f"Follow {self.address} epoch={self.epoch}"


@dataclass(slots=True)
class StepDown:
    """Begin no transaction, let those that run end for so long, settle the VDL, answer SteppedDown, leave with status 0."""

    milliseconds: int

    def __str__(self) -> str:
        return f"StepDown {self.milliseconds}ms"


@dataclass(slots=True)
class SteppedDown:
    vdl: Lsn

    def __str__(self) -> str:
        return f"SteppedDown vdl={self.vdl:#x}"


@dataclass(slots=True)
class ChangeNodes:
    """To the writer: a storage node comes (`add`), or comes for another (`replace`); both run. `place`: NAME=ZONE:HOST:PORT."""

    what: str
    leaves: str
    place: str

    def __str__(self) -> str:
        return f"ChangeNodes {self.what} {self.leaves} {self.place}"


@dataclass(slots=True)
class Changed:
    """copies: how many were moved."""

    copies: int

    def __str__(self) -> str:
        return f"Changed copies={self.copies}"


# -- write forwarding ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class OpenSession:
    """Reader → writer: a session of mine writes through this link. Answered by Failed, or by what a server says first."""

    name: str

    def __str__(self) -> str:
        return f"OpenSession {self.name}"


@dataclass(slots=True)
class Forward:
    """Bytes of the PostgreSQL protocol. From the writer, `lsn` is its VDL, or the session's last commit if that is later;
    from a reader, the snapshot that the next transaction reads as of, 0 for one of its own. Nothing at all from a reader is
    a question for the VDL, answered with nothing at all."""

    lsn: Lsn
    data: bytes

    def __str__(self) -> str:
        return f"Forward {self.lsn:#x} {len(self.data)} bytes"


@dataclass(slots=True)
class CancelForwarded:
    def __str__(self) -> str:
        return "CancelForwarded"


@dataclass(slots=True)
class Failed:
    """The answer to what could not be done."""

    text: str

    def __str__(self) -> str:
        return f"Failed: {self.text}"


Message = (
    Attach | Attached | Records | Moved | Seen | Ask | Report | Promote | Promoted | Follow | StepDown | SteppedDown | Failed
    | ChangeNodes | Changed | OpenSession | Forward | CancelForwarded
    | AskCached | Cached | Warm | AskReplicas | Replicas | AskStorage | Storage
)
KINDS: tuple[type, ...] = get_args(Message)
_KIND_OF = {kind: number for number, kind in enumerate(KINDS)}


_RECORDS = struct.Struct("<BI QQ QQ")
_MOVED = struct.Struct("<BI QQ QqQQ")
_FORWARD = struct.Struct("<BIQ")
_RECORDS_KIND, _MOVED_KIND, _FORWARD_KIND = _KIND_OF[Records], _KIND_OF[Moved], _KIND_OF[Forward]


def encode_records(epoch: Epoch, prev: Lsn, last: Lsn, records: Sequence[bytes]) -> tuple[bytes, ...]:
    """Records, of batches that were made for storage."""
    return (_RECORDS.pack(_RECORDS_KIND, 0, *epoch, prev, last), *records)


def encode(message: Message, number: int = 0) -> tuple[bytes, ...]:
    """The parts of a frame's body."""
    if type(message) is Records:
        return encode_records(message.epoch, message.prev, message.last, (message.records,))
    if type(message) is Moved:
        m = message
        return (_MOVED.pack(_MOVED_KIND, number, *m.epoch, m.vdl, m.sent_us, m.oldest_xid, m.next_xid),)
    if type(message) is Forward:
        return (_FORWARD.pack(_FORWARD_KIND, number, message.lsn), message.data)
    return encode_fields(message, _KIND_OF[type(message)], number)


def decode(body: bytes) -> tuple[Message, int]:
    """(message, number). Raises ProtocolError."""
    try:
        if body[0] == _RECORDS_KIND:
            _, number, epoch, instance, prev, last = _RECORDS.unpack_from(body)
            return Records(Epoch(epoch, instance), prev, last, body[_RECORDS.size :]), number
        if body[0] == _MOVED_KIND:
            _, number, epoch, instance, *rest = _MOVED.unpack(body)
            return Moved(Epoch(epoch, instance), *rest), number
        if body[0] == _FORWARD_KIND:
            _, number, lsn = _FORWARD.unpack_from(body)
            return Forward(lsn, body[_FORWARD.size :]), number
        return decode_fields(body, KINDS)
    except MALFORMED as error:
        raise ProtocolError(f"a frame is no message: {error!r}") from None
