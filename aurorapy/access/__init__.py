"""Rows in pages: what a table is made of, below SQL and above pages and transactions.

    table.py        a table: a heap and its indexes, changed together; unique keys
    build.py        filling a new index
    toast.py        values too long for a row
    vacuum.py       dead rows go, with their index entries; checking a table

    aurorapy_native.tuples       a row's bytes
    aurorapy_native.heap         versions in pages, HOT chains, outcomes of changes
    aurorapy_native.heap_prune   dead versions leave their page
    aurorapy_native.btree, keys  entries in order, values as ordered bytes
    aurorapy_native.row_keys     keys straight from rows' bytes
    aurorapy_native.entries, entry_sort   entries sorted, for batches and for new indexes
    aurorapy_native.space        a relation's pages, free space, visibility map

One row's life: insert() encodes it, finds a page with room, writes it with the transaction's id as xmin, and an entry
into each index. An update() that changes no indexed column puts the next version on the same page and chains it to the
first. Readers ask for the version their snapshot sees. When no snapshot sees the first version any more, the next visitor
of the page prunes it; the line the index entries lead to stays, and redirects. After a delete() that line is dead, until
vacuum has removed the entries.

What must hold: an index entry leads to a line that is in use or dead, never to another row's; a page a snapshot must not
read any more says so (pruned_to); a mini-transaction leaves every page of it sound.

Not here: names, types and permissions (catalog, execute); quorums (storage).
"""
