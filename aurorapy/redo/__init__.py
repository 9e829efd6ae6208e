"""Redo: the log's language. A record says what changes in one page; applying records in order makes the page.

    record = header (LSN, links to the records before it in volume, group and page) + byte-range changes
    write 100 "abc" · move 64 → 200, 50 bytes · fill 300, 20 × 0 · whole page

The language is spoken in C: `aurorapy_native.redo` has the format (redo.pxd draws it), the application of a record to a
page, and the writer's buffer; `aurorapy_native.mtr` makes records while it changes frames; `aurorapy_native.memtable`
finds them by page. Every record carries a CRC-32C, taken by the writer and verified at every hop.

Must hold: applying twice changes nothing; applying out of order is refused; a damaged record is never applied.

Not here: who sends records where (`storage`), what the bytes of a page mean (`access`).
"""
