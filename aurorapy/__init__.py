"""aurorapy: a PostgreSQL-wire-compatible database server whose log is the database.

Four journeys through the code, each stop a place to read on (path:function). A folder imports only what stands below
it; reading order is import order.

The life of a SELECT
 1. aurorapy_native/client.pyx:data_received — bytes arrive; the session's task runs
 2. aurorapy_native/short_path.pyx:serve — one row by its key, BEGIN, COMMIT: answered here, or left alone
 3. server/connection.py:_serve — every other message, from aurorapy_native/wire
 4. session/simple.py:query — a Query message; session/extended.py:execute — Parse, Bind, Execute
 5. sql/parse/statements.py:parse — text to statements
 6. sql/bind/__init__.py:bind — names and types; a bound tree
 7. sql/plan/__init__.py:plan — rules, access paths, costs; a physical plan
 8. execute/executable.py:compile_plan — the plan as Python source, once; or a program for one row
 9. session/portals.py:start — locks, a snapshot, the first row asked for
10. access/table.py:index_pages — keys to tids to visible rows; the pages from the buffer pool
11. storage/volume/volume.py:read_page — a page that is not in the pool, from one node at its read point
12. session/output.py:run_portal — rows to DataRows; one write answers one read

The life of a COMMIT
 1. access/table.py:update — the change: pages changed and logged in one mini-transaction
 2. session/block.py:commit — the client's COMMIT
 3. txn/transaction.py:commit — the commit record; then wait for the VDL
 4. aurorapy_native/volume.pyx:flush — batches by protection group leave for the nodes
 5. aurorapy_native/node.pyx:accept — onto the hot log; one write and one fdatasync for all who wait
 6. aurorapy_native/node.pyx:_log_durable — durable: the segment's SCL moves, and is told
 7. aurorapy_native/volume.pyx:advance — SCL to PGCL to VCL to VDL
 8. aurorapy_native/locks.pyx:vdl_moved — the commit is seen by everybody, in LSN order
 9. aurorapy_native/locks.pyx:ended — locks go, those who wait for them wake; the client hears of it

The life of a restart
 1. server/process.py:serve — the directory is there already
 2. storage/node/node.py:open — manifests, run indexes, at most two hot log files; a torn tail ends the log
 3. storage/volume/recovery.py:run — fence, ask, decide, repair, truncate, open; nothing is replayed
 4. txn/manager.py:open — ids below the ceiling that did not commit are aborted
 5. instance/instance.py:open — pages come as they are asked for

The life of a failover
 1. cluster/supervisor.py:_ended — the writer's process is dead: its pidfd says so
 2. cluster/failover.py:_look — who shall write now: lowest tier, then the larger cache
 3. cluster/leader.py:_decide — into the state store first, if nobody else decided meanwhile
 4. instance/door.py:_obey — Promote arrives at that reader
 5. instance/promotion.py:promote — recovery, as above; the pages it has stay
 6. instance/reader.py:follow — the other readers attach to it, and catch up from the volume
 7. cluster/endpoint.py:drop_those_of — clients of the old writer are let go; the next connection leads to the new one
"""

__version__ = "0.1.0"
