"""The storage node's side: the hot log, pages found and built by page number, sealed runs.

    batch ─▶ hot log ─▶ acknowledged            hotlog.py      one write and one fdatasync for all that came meanwhile
               │
               └─▶ memtable by page             segment.py     page_at(page, lsn)
                      │ sealed when the file is full
                      ▼
                   delta runs ─▶ image runs     background.py  cut, fold, merge; nothing is overwritten in place
                                                runs.py        their files; manifest.py names those that count

A page at an LSN is the newest image at or below it plus the records since. `node.py` is the machine that receives
messages, `hosting.py` which segments there are, `epochs.py` what a new writer asks, `reading.py` what a reader does; `background.py` the work nobody waits for, `freed.py` pages that were given back.

Among peers: `gossip.py` fills gaps with their records, `transfer.py` takes whole runs over, `scrub.py` finds damage and has
it repaired, `comparing.py` what no checksum finds, `opening.py` opens a node that has some. `server.py` puts a node on the network.

Not here: which copies make a quorum (`storage/quorum.py`), what a page means.
"""

from aurorapy.storage.node.node import StorageNode

__all__ = ["StorageNode"]
