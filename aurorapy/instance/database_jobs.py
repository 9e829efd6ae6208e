"""Making and dropping databases while others are in use.

A new database is what a new volume's databases are: the system catalogs, bulk-loaded (`bootstrap`), and an entry in the
directory. The entry is a row of the making transaction, so nobody sees a database before its commit; what a rolled-back
CREATE DATABASE made is given back.

    create_database(instance, transaction, 16400, give_way)
    drop_database(instance, transaction, 16400)

Errors: 55006 somebody is connected. Not here: pg_database's row and who may do it (`execute.ddl.databases`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.catalog.schema import catalog_tables
from aurorapy.errors import ObjectInUse
from aurorapy.ids import BOOTSTRAP_ROLE
from aurorapy.instance import bootstrap
from aurorapy.instance.tables import open_directory

WAIT_S, PAUSE_S = 5.0, 0.1


def create_database(instance: Any, transaction: Any, oid: int, shared_roots: dict[int, int],
                    give_way: Callable[[], None]) -> None:  # fmt: skip
    """Fills the catalogs of a database nobody can see yet, and enters it in the directory."""
    superuser = instance.role_by_oid(BOOTSTRAP_ROLE)
    rows = bootstrap.catalog_rows_of(superuser)
    give_way()
    own = [t for t in catalog_tables().values() if not t.shared]
    roots = bootstrap.load_database(instance, rows, own, shared_roots, give_way)
    made = [root for relation, root in roots.items() if relation not in shared_roots]
    transaction.after_abort.append(lambda: [instance.storage_jobs.free(root) for root in made])
    directory = open_directory(instance)
    directory.insert((oid, roots[bootstrap.PG_CLASS]), transaction.xid, transaction.command)
    transaction.next_command()


def drop_database(instance: Any, transaction: Any, oid: int, name: str) -> None:
    """Gives the database's storage back when the transaction commits."""
    check_unused(instance, name)
    database = instance.database_of(oid, name)
    roots = [
        row.relfilenode for row in database.cache.reader().scan("pg_class") if row.relfilenode and not row.relisshared
    ]
    directory = open_directory(instance)
    snapshot = transaction.fresh_snapshot()
    for block in range(directory.blocks):
        for entry, tid in directory.scan_page(block, snapshot, (1, -1)):
            if entry == oid:
                directory.delete(tid, transaction.xid, transaction.command, snapshot)
    transaction.next_command()
    for root in roots:
        instance.storage_jobs.drop_at_commit(transaction, root)
    transaction.after_commit.append(lambda: instance.forget_database(oid))


def check_unused(instance: Any, name: str) -> None:
    """55006 when a session is still connected after WAIT_S: one that just ended may not be gone yet."""
    for _ in range(int(WAIT_S / PAUSE_S)):
        others = sum(1 for entry in instance.activity.entries.values() if entry.facts.database == name)
        if not others:
            break
        instance.host.tasks.sleep(PAUSE_S)
    if others > 0:
        plural = "session" if others == 1 else "sessions"
        verb = "is" if others == 1 else "are"
        raise ObjectInUse(
            f'database "{name}" is being accessed by other users',
            detail=f"There {verb} {others} other {plural} using the database.",
        )
