"""count, sum, avg, min and max of integer columns over a scan, without a Python object a row.

    totals(table.scan(snap, (2,)), (("n", 0), ("s", 0), (">", 0)), give_way)     → [1000, 500500, 1000]

An item is a kind and a place among the scan's columns; what comes back are the aggregates' states
(expressions/functions/aggregates.py), which their final functions finish:

| kind | state |
|---|---|
| n count(*), c count(x) | int |
| s sum(x), < min(x), > max(x) | int, None over nothing |
| a avg(x) | [count, sum or None] |

A sum is kept in two halves of 32 bits, so no number of 8-byte integers overflows it.

Not here: other types, conditions, groups (execute/rows/grouping.py).
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from aurorapy_native.row_source cimport RowSource
from aurorapy_native.tuples cimport COLUMNS_MAX, HAS_NULLS, RowCodec, TupleHeader

INTEGER_LETTERS = "248u"

ctypedef struct Slot:
    char kind
    int place
    int attno                # 0: count(*)
    char letter
    int fixed_at             # offset behind the header in rows without NULLs, or -1
    int64_t count
    int64_t high             # the sum's parts: high * 2**32 + low
    uint64_t low
    int64_t least
    int64_t most


def totals(pages, tuple items not None, give_way):
    """pages: a RowSource whose columns are integers, or another iterator of lists of tuples. May switch."""
    cdef Slot* slots = <Slot*> calloc(len(items) + 1, sizeof(Slot))
    cdef int i, n = <int> len(items)
    cdef RowSource source = <RowSource> pages if isinstance(pages, RowSource) else None
    cdef list kept = [None] * n                  # what was found as Python ints
    if slots == NULL:
        raise MemoryError
    try:
        for i in range(n):
            slots[i].kind = <char> ord(items[i][0])
            slots[i].place = items[i][1]
            slots[i].least = 0x7FFFFFFFFFFFFFFF
            slots[i].most = ~slots[i].least
            if source is not None and slots[i].kind != c"n":
                place_slot(&slots[i], source)
        while True:
            if source is not None:
                if source.advance() == 0:
                    break
                add_found(slots, n, source, kept)
            else:
                page = next(pages, None)
                if page is None:
                    break
                for row in page:
                    add_row(slots, n, row, kept)
            give_way()
        return [state(&slots[i], kept[i]) for i in range(n)]
    finally:
        free(slots)


cdef int place_slot(Slot* slot, RowSource source) except -1:
    cdef RowCodec codec = source.heap.codec
    slot.attno = source.projection.attno[slot.place]
    slot.letter = codec.letter[slot.attno - 1]
    slot.fixed_at = codec.fixed_at[slot.attno - 1]
    if chr(slot.letter) not in INTEGER_LETTERS and slot.kind != c"c":
        raise ValueError(f"no integer: {chr(slot.letter)}")
    return 0


cdef int add_found(Slot* slots, int n, RowSource source, list kept) except -1:
    # Nothing in here may switch.
    cdef uint16_t[COLUMNS_MAX] at
    cdef RowCodec codec = source.heap.codec
    cdef int i, k, highest = source.projection.highest
    cdef const char* row
    cdef const TupleHeader* header
    cdef bint located
    if highest == 0:
        for k in range(n):
            slots[k].count += source.found.count
        return 0
    for i in range(source.found.count):
        row = source.found.row[i]
        header = <const TupleHeader*> row
        if header.natts < highest:               # younger columns have what ALTER TABLE said
            add_row(slots, n, source.decode_found(i), kept)
            continue
        located = False
        for k in range(n):
            if slots[k].kind == c"n":
                slots[k].count += 1
            elif slots[k].fixed_at >= 0 and not header.infomask & HAS_NULLS:
                add(&slots[k], row + header.hoff + slots[k].fixed_at)
            else:
                if not located:
                    codec.locate(row, highest, at)
                    located = True
                if at[slots[k].attno - 1]:
                    add(&slots[k], row + at[slots[k].attno - 1])
    return 0


cdef inline void add(Slot* slot, const char* s) noexcept nogil:
    cdef int64_t value
    slot.count += 1
    if slot.kind == c"c":
        return
    if slot.letter == c"4":
        value = (<const int32_t*> s)[0]
    elif slot.letter == c"8":
        memcpy(&value, s, 8)
    elif slot.letter == c"2":
        value = (<const int16_t*> s)[0]
    else:
        value = (<const uint32_t*> s)[0]
    if slot.kind == c"s" or slot.kind == c"a":
        slot.high += value >> 32
        slot.low += <uint32_t> value
    elif value < slot.least:
        slot.least = value
        if value > slot.most:
            slot.most = value
    elif value > slot.most:
        slot.most = value


cdef int add_row(Slot* slots, int n, tuple row, list kept) except -1:
    cdef int k
    for k in range(n):
        if slots[k].kind == c"n":
            slots[k].count += 1
            continue
        value = row[slots[k].place]
        if value is None:
            continue
        slots[k].count += 1
        if slots[k].kind == c"c":
            continue
        before = kept[k]
        if before is None:
            kept[k] = value
        elif slots[k].kind == c"s" or slots[k].kind == c"a":
            kept[k] = before + value
        elif slots[k].kind == c"<":
            kept[k] = min(before, value)
        else:
            kept[k] = max(before, value)
    return 0


cdef object state(Slot* slot, object kept):
    cdef bint some = slot.count != 0
    if slot.kind == c"n" or slot.kind == c"c":
        return slot.count
    if slot.kind == c"s" or slot.kind == c"a":
        total = ((<object> slot.high) << 32) + slot.low + (kept or 0) if some else None
        return total if slot.kind == c"s" else [slot.count, total]
    if not some:
        return None
    if slot.kind == c"<":
        return slot.least if kept is None else min(slot.least, kept)
    return slot.most if kept is None else max(slot.most, kept)
