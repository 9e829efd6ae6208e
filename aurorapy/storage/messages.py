"""What an instance and its storage nodes say to each other.

Every message carries the epoch under which it is said; a node refuses an older one (`Refused`). Each says itself in one
line, the same in logs, tests and the simulator:

    w → n1 Write g0 0x1a8..0x1f0 vdl=0x190 epoch=4.1f
    n1 → w Durable g0 scl=0x1f0 epoch=4.1f

Not here: how they travel (`storage/volume/transport.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from aurorapy.records import dataclass, field
from aurorapy.storage.members import NO_MEMBERSHIP, Membership

Lsn = int


class Epoch(NamedTuple):
    """A writer's generation: compared by number, then by the instance that drew it."""

    number: int
    instance: int

    def __str__(self) -> str:
        return f"{self.number}.{self.instance & 0xFF:02x}"


NO_EPOCH = Epoch(0, 0)


class Truncation(NamedTuple):
    """LSNs in (low, high] hold nothing: recovery annulled them."""

    low: Lsn
    high: Lsn

    def __str__(self) -> str:
        return f"({self.low:#x}, {self.high:#x}]"


class TruncationList(NamedTuple):
    """All ranges annulled up to and by `epoch`; the list of the highest epoch replaces any other."""

    epoch: Epoch
    ranges: tuple[Truncation, ...]

    def __str__(self) -> str:
        return f"{self.epoch}:{' '.join(map(str, self.ranges)) or 'none'}"


NO_TRUNCATIONS = TruncationList(NO_EPOCH, ())


class Link(NamedTuple):
    """One record's place in the chains, as recovery asks for it."""

    lsn: Lsn
    prev_volume: Lsn
    prev_group: Lsn
    consistency_point: bool


class VolumeIdentity(NamedTuple):
    """What never changes in a volume's life, kept with every segment."""

    id: str  # 32 hex digits, drawn when the volume was made
    group_pages: int


NO_VOLUME = VolumeIdentity("", 0)


@dataclass(slots=True)
class CreateSegment:
    """The node shall host a copy of the group: `copy` is its name in the geometry. Answered by SegmentCreated, also when
    it hosts it already."""

    epoch: Epoch
    group: int
    copy: str
    truncations: TruncationList
    membership: Membership = NO_MEMBERSHIP
    volume: VolumeIdentity = NO_VOLUME

    def __str__(self) -> str:
        return f"CreateSegment g{self.group} copy={self.copy} epoch={self.epoch}"


@dataclass(slots=True)
class SegmentCreated:
    epoch: Epoch  # the segment's
    group: int
    copy: str
    segment: str  # its identity

    def __str__(self) -> str:
        return f"SegmentCreated g{self.group} {self.copy} {self.segment[:6]} epoch={self.epoch}"


@dataclass(slots=True)
class Missing:
    """The node hosts no copy of the group, and makes none for a writer older than the question's. `was_here`: it did once;
    the copy is lost."""

    epoch: Epoch  # of the question
    group: int
    node: str  # its identity
    was_here: bool = False

    def __str__(self) -> str:
        return f"Missing g{self.group} node={self.node[:6]} epoch={self.epoch}"


@dataclass(slots=True)
class ListSegments:
    """What does the node host? Answered by Segments. From then on the node makes no segment for a writer older than
    `epoch`. `group` is without meaning here."""

    epoch: Epoch = NO_EPOCH
    group: int = 0

    def __str__(self) -> str:
        return "ListSegments"


@dataclass(slots=True)
class Segments:
    node: str  # its identity
    volume: VolumeIdentity
    groups: dict[int, Membership]  # of every segment the node hosts, as it knows it
    epoch: Epoch = NO_EPOCH  # the highest the node knows
    group: int = 0

    def __str__(self) -> str:
        return f"Segments node={self.node[:6]} groups={sorted(self.groups)} epoch={self.epoch}"


@dataclass(slots=True)
class Write:
    """A batch of one group's records, in LSN order without a gap. `records`: their bytes, redo.pxd's format."""

    epoch: Epoch
    group: int
    prev: Lsn  # the group's last LSN before the first record
    last: Lsn
    vdl: Lsn  # the volume's, as the writer knew it when the batch left
    records: bytes

    def __str__(self) -> str:
        return f"Write g{self.group} {self.prev:#x}..{self.last:#x} vdl={self.vdl:#x} epoch={self.epoch}"


@dataclass(slots=True)
class Durable:
    """The segment has everything up to `scl` on its disk."""

    epoch: Epoch
    group: int
    copy: str
    scl: Lsn

    def __str__(self) -> str:
        return f"Durable g{self.group} {self.copy} scl={self.scl:#x} epoch={self.epoch}"


@dataclass(slots=True)
class Fence:
    """From now on the segment accepts nothing of an older epoch; answered by Fenced once that is on disk."""

    epoch: Epoch
    group: int

    def __str__(self) -> str:
        return f"Fence g{self.group} epoch={self.epoch}"


@dataclass(slots=True)
class Fenced:
    epoch: Epoch
    group: int
    copy: str

    def __str__(self) -> str:
        return f"Fenced g{self.group} {self.copy} epoch={self.epoch}"


@dataclass(slots=True)
class Ask:
    """What does the fenced segment hold? Answered by State. `above`: links are wanted from there on (default: above the
    highest VDL the segment was told)."""

    epoch: Epoch
    group: int
    above: Lsn | None = None

    def __str__(self) -> str:
        return f"Ask g{self.group} above={self.above} epoch={self.epoch}"


@dataclass(slots=True)
class State:
    epoch: Epoch
    group: int
    copy: str
    scl: Lsn
    vdl: Lsn  # the highest the segment was told
    truncations: TruncationList
    base: Lsn = 0  # LSN of the group's last record below the first of `links`
    links: list[Link] = field(default_factory=list)
    segment: str = ""  # its identity
    membership: Membership = NO_MEMBERSHIP  # as the segment knows it
    peers: dict[str, Lsn] = field(default_factory=dict)  # SCLs of other copies, as the segment heard of them
    doubt: bool = False  # damage took something from it: it counts in no read quorum until it has caught up

    def __str__(self) -> str:
        return (
            f"State g{self.group} {self.copy} scl={self.scl:#x} vdl={self.vdl:#x} links={len(self.links)} "
            f"truncations={self.truncations} epoch={self.epoch}"
        )


@dataclass(slots=True)
class Truncate:
    """The list of this epoch; answered by Truncated once it is on disk."""

    epoch: Epoch
    group: int
    truncations: TruncationList

    def __str__(self) -> str:
        return f"Truncate g{self.group} {self.truncations} epoch={self.epoch}"


@dataclass(slots=True)
class Truncated:
    epoch: Epoch
    group: int
    copy: str

    def __str__(self) -> str:
        return f"Truncated g{self.group} {self.copy} epoch={self.epoch}"


@dataclass(slots=True)
class Install:
    """The epoch has opened: its list and the group's membership, for a segment that slept through its beginning. Taken
    whole, durably, before anything of the epoch is accepted or served; answered by Installed."""

    epoch: Epoch
    group: int
    truncations: TruncationList
    membership: Membership

    def __str__(self) -> str:
        return f"Install g{self.group} {self.truncations} membership={self.membership.epoch} epoch={self.epoch}"


@dataclass(slots=True)
class Installed:
    epoch: Epoch
    group: int
    copy: str
    scl: Lsn  # after the list was taken
    segment: str
    membership: int  # its epoch

    def __str__(self) -> str:
        return f"Installed g{self.group} {self.copy} scl={self.scl:#x} membership={self.membership} epoch={self.epoch}"


@dataclass(slots=True)
class ReadPage:
    """The page at `lsn`; answered by Page or ReadFailed. Reads carry an epoch as writes do."""

    epoch: Epoch
    group: int
    page_no: int
    lsn: Lsn  # the version wanted: the newest at or below
    point: Lsn  # the group's last LSN at or below `lsn`: the SCL the segment must have reached

    def __str__(self) -> str:
        return f"ReadPage g{self.group} page={self.page_no} lsn={self.lsn:#x} point={self.point:#x} epoch={self.epoch}"


@dataclass(slots=True)
class Page:
    epoch: Epoch
    group: int
    copy: str
    page_no: int
    content: bytes  # 8,192 bytes, checksum set

    def __str__(self) -> str:
        return f"Page g{self.group} {self.copy} page={self.page_no} epoch={self.epoch}"


@dataclass(slots=True)
class ReadFailed:
    """The segment cannot serve the page: behind the point, below its horizon, damaged, or the disk failed."""

    epoch: Epoch
    group: int
    copy: str
    page_no: int
    sqlstate: str
    reason: str

    def __str__(self) -> str:
        return f"ReadFailed g{self.group} {self.copy} page={self.page_no} {self.sqlstate} {self.reason}"


@dataclass(slots=True)
class Gossip:
    """Between the nodes of a group: how far the sender's copy is. Who is behind asks for records; who knows a newer list
    or membership than the sender answers with Install."""

    epoch: Epoch  # the segment's volume epoch
    group: int
    copy: str
    segment: str
    scl: Lsn
    sealed: Lsn  # records at or below are in runs
    horizon: Lsn  # versions below are gone
    truncations: Epoch  # of the sender's list
    membership: int  # epoch of the sender's membership

    def __str__(self) -> str:
        return (
            f"Gossip g{self.group} {self.copy} scl={self.scl:#x} list={self.truncations} "
            f"membership={self.membership} epoch={self.epoch}"
        )


@dataclass(slots=True)
class FetchRecords:
    """For repair: the segment's records that follow `after`, up to `upto`; answered by Records, as many as make a batch. A
    peer says with which list it means its LSNs, and what it has in runs: it may be answered by Runs, or by Gossip."""

    epoch: Epoch
    group: int
    after: Lsn
    upto: Lsn
    truncations: Epoch | None = None  # of a peer's list; None: the writer asks
    sealed: Lsn = 0  # of a peer

    def __str__(self) -> str:
        return f"FetchRecords g{self.group} ({self.after:#x}, {self.upto:#x}] epoch={self.epoch}"


@dataclass(slots=True)
class Records:
    epoch: Epoch
    group: int
    copy: str
    truncations: TruncationList
    prev: Lsn
    last: Lsn
    records: bytes

    def __str__(self) -> str:
        return f"Records g{self.group} {self.copy} {self.prev:#x}..{self.last:#x} epoch={self.epoch}"


class RunNote(NamedTuple):
    """A sealed run as its owner's manifest names it."""

    kind: str
    file: str
    first: Lsn
    last: Lsn
    pages: int
    bytes: int
    sealed_us: int


class FreedRange(NamedTuple):
    """Pages that nobody owned any more at that LSN."""

    first: int
    pages: int
    lsn: Lsn


@dataclass(slots=True)
class Runs:
    """What a peer asked for is in sealed runs, which it may take piece by piece (FetchRun). `whole`: all of the segment's
    runs, in place of the peer's own; otherwise those it lacks. `freed`: which of their pages no longer count."""

    epoch: Epoch
    group: int
    copy: str
    truncations: Epoch
    vdl: Lsn
    sealed: Lsn
    horizon: Lsn
    whole: bool
    runs: list[RunNote]
    freed: list[FreedRange]

    def __str__(self) -> str:
        return f"Runs g{self.group} {self.copy} {len(self.runs)} whole={self.whole} sealed={self.sealed:#x} epoch={self.epoch}"


@dataclass(slots=True)
class FetchRun:
    """A piece of a run that was offered; answered by RunPiece."""

    epoch: Epoch
    group: int
    file: str
    offset: int

    def __str__(self) -> str:
        return f"FetchRun g{self.group} {self.file}+{self.offset} epoch={self.epoch}"


@dataclass(slots=True)
class RunPiece:
    """`content` is empty when the run is no longer there."""

    epoch: Epoch
    group: int
    copy: str
    file: str
    offset: int
    content: bytes

    def __str__(self) -> str:
        return f"RunPiece g{self.group} {self.copy} {self.file}+{self.offset} {len(self.content)} epoch={self.epoch}"


@dataclass(slots=True)
class FetchPage:
    """To repair one damaged page of a run: its image at `base` and its records in (base, upto]; answered by PageHistory."""

    epoch: Epoch
    group: int
    truncations: Epoch  # of the asker's list
    page_no: int
    base: Lsn
    upto: Lsn

    def __str__(self) -> str:
        return f"FetchPage g{self.group} page={self.page_no} ({self.base:#x}, {self.upto:#x}] epoch={self.epoch}"


@dataclass(slots=True)
class PageHistory:
    """`base` is later than asked when the sender has no older version; `image` is empty where the page is all zero, and
    `found` false when the sender cannot help."""

    epoch: Epoch
    group: int
    copy: str
    truncations: Epoch
    page_no: int
    base: Lsn
    upto: Lsn
    found: bool
    image: bytes
    records: bytes

    def __str__(self) -> str:
        return f"PageHistory g{self.group} {self.copy} page={self.page_no} base={self.base:#x} found={self.found} epoch={self.epoch}"


@dataclass(slots=True)
class SumPages:
    """From a peer: what are your pages from `first` on as of the LSN? Answered by PageSums, or not by who cannot say."""

    epoch: Epoch
    group: int
    truncations: Epoch  # of the asker's list
    lsn: Lsn
    first: int
    count: int

    def __str__(self) -> str:
        return f"SumPages g{self.group} lsn={self.lsn:#x} first={self.first} count={self.count} epoch={self.epoch}"


@dataclass(slots=True)
class PageSums:
    """`sums`: four bytes a page, equal where the pages are."""

    epoch: Epoch
    group: int
    copy: str
    truncations: Epoch
    lsn: Lsn
    first: int
    sums: bytes

    def __str__(self) -> str:
        return f"PageSums g{self.group} {self.copy} lsn={self.lsn:#x} first={self.first} epoch={self.epoch}"


@dataclass(slots=True)
class Inspect:
    """How is the segment? Answered by Inspected. With `lsn` also: what are the bytes of its pages from `first` on, at most
    `count` of them, at that LSN? Two copies that build the same bytes have the same digests."""

    epoch: Epoch
    group: int
    lsn: Lsn = 0
    first: int = 0
    count: int = 0
    since: Lsn = 0  # how many of these pages were changed after it?

    def __str__(self) -> str:
        return f"Inspect g{self.group} lsn={self.lsn:#x} first={self.first} epoch={self.epoch}"


@dataclass(slots=True)
class Inspected:
    epoch: Epoch
    group: int
    copy: str
    scl: Lsn
    sealed: Lsn
    horizon: Lsn
    gaps: int  # batches that wait behind a gap
    run_bytes: int  # on disk, without the hot log
    filled_records: int  # batches the segment got from peers
    scrubbed_ago_us: int  # since its last pass; 0: there was none
    pages: int  # ever written; with a digest: how many are in it
    digest: int = 0  # CRC-32C of the pages, one after the other
    following: int = 0  # number of the next page; 0 when there is none
    changed: int = 0  # of the pages in the digest

    def __str__(self) -> str:
        return f"Inspected g{self.group} {self.copy} scl={self.scl:#x} pages={self.pages} digest={self.digest:08x}"


@dataclass(slots=True)
class Horizons:
    """What may be forgotten: `pgmrpl` the oldest page read in flight; `vdl` as the writer knows it."""

    epoch: Epoch
    group: int
    pgmrpl: Lsn
    vdl: Lsn

    def __str__(self) -> str:
        return f"Horizons g{self.group} pgmrpl={self.pgmrpl:#x} vdl={self.vdl:#x} epoch={self.epoch}"


@dataclass(slots=True)
class Refused:
    """The message's epoch is older than the one the segment knows: its sender is no longer the writer."""

    epoch: Epoch  # the segment's
    group: int
    copy: str
    refused: Epoch

    def __str__(self) -> str:
        return f"Refused g{self.group} {self.copy} {self.refused} is older than {self.epoch}"


@dataclass(slots=True)
class Failed:
    """The node's log cannot be written any more: it acknowledges nothing from here on, and still reads."""

    epoch: Epoch
    copy: str
    reason: str

    def __str__(self) -> str:
        return f"Failed {self.copy}: {self.reason}"


@dataclass(slots=True)
class Simulate:
    """The segment shall behave as if its disk failed, or, with delays, as if it were slow; answered by Simulated."""

    epoch: Epoch
    group: int
    seconds: float
    minimum_ms: float = 0.0
    maximum_ms: float = 0.0

    def __str__(self) -> str:
        what = f"slow {self.minimum_ms:g}..{self.maximum_ms:g} ms" if self.maximum_ms > 0 else "fails"
        return f"Simulate g{self.group} {what} for {self.seconds:g} s epoch={self.epoch}"


@dataclass(slots=True)
class Simulated:
    epoch: Epoch
    group: int
    copy: str

    def __str__(self) -> str:
        return f"Simulated g{self.group} {self.copy} epoch={self.epoch}"


Message = (
    CreateSegment | SegmentCreated | Missing | ListSegments | Segments | Write | Durable | Fence | Fenced | Ask | State
    | Truncate | Truncated | Install | Installed | ReadPage | Page | ReadFailed | Gossip | FetchRecords | Records
    | Runs | FetchRun | RunPiece | FetchPage | PageHistory | Horizons | Refused | Failed | Inspect
    | Inspected | Simulate | Simulated | SumPages | PageSums
)  # fmt: skip
