"""Numbers that every floor agrees on: sizes, well-known OIDs, what kind of number an int is.

OIDs below 10,000 are PostgreSQL's own (src/include/catalog), so that drivers which know them by heart work; OIDs from
16,384 up are handed out to user objects.
"""

from __future__ import annotations

Lsn = int  # byte position of a record's end in the volume's log; 0 = none
Xid = int  # 64-bit transaction id; 0 = none, never wraps
Oid = int  # 32-bit object id; 0 = none
PageNo = int  # page of the volume, 8 KiB each
BlockNo = int  # page of one relation, counted from 0
Tid = int  # row address in a relation: block << 16 | line number (from 1)

PAGE_SIZE = 8192
FIRST_NORMAL_OID = 16384
FIRST_NORMAL_XID = 3

# databases, roles, schemas, tablespaces, access methods
TEMPLATE1_DB = 1
TEMPLATE0_DB = 4
POSTGRES_DB = 5
BOOTSTRAP_ROLE = 10
PG_CATALOG = 11
PG_TOAST = 99
PUBLIC = 2200
INFORMATION_SCHEMA = 13000
DEFAULT_TABLESPACE = 1663
GLOBAL_TABLESPACE = 1664
HEAP_AM = 2
BTREE_AM = 403
DEFAULT_COLLATION = 100
C_COLLATION = 950


def make_tid(block: BlockNo, line: int) -> Tid:
    return block << 16 | line


def tid_text(tid: Tid) -> str:
    """The text PostgreSQL shows for a ctid: `(block,line)`."""
    return f"({tid >> 16},{tid & 0xFFFF})"
