"""`aurorapy verify DIR`: is a stopped database sound, from the bytes on disk to the rows in its trees?

    storage    every checksum, log link and page (storage.verify)
    space      every extent belongs to one relation, or is free
    heaps      every page's structure and every row's chain
    B-trees    order, links, parents; every entry leads to a row, every row has its entries

Nothing is written: pages are read as of the VDL through a volume that takes no log. Prints a line for each problem and
ends with status 1 if there was one.
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy import config
from aurorapy.access.vacuum import check_table
from aurorapy.errors import DatabaseError
from aurorapy.host.real import RealHost
from aurorapy.ids import Oid
from aurorapy.instance.databases import Database
from aurorapy.instance.instance import Instance, storage_config
from aurorapy.storage.verify import StoppedVolume, verify_volume
from aurorapy_native.redo import RedoBuffer


class FrozenVolume:
    """A stopped volume as the floors above know one; takes no change."""

    def __init__(self, stopped: StoppedVolume) -> None:
        self._pages = dict(stopped.pages())
        self.vdl = stopped.vdl
        self.epoch = None
        self.failure = None
        self.follows = self.is_far = False
        self.redo = RedoBuffer(stopped.group_pages, self.vdl, self.vdl, {})
        self.redo.limit_lsn = self.vdl + (1 << 40)

    def read_page(self, page_no: int, lsn: int | None = None) -> bytes:
        return self._pages.get(page_no, bytes(8192))

    def on_vdl(self, callback: Any) -> None:
        """The VDL does not move."""

    on_trouble = on_failure = on_vdl

    def wait_durable(self, lsn: int) -> None:
        """Nothing becomes durable, and nobody needs it to."""


def verify_directory(path: str) -> int:
    """Prints what is wrong with the database in `path`; returns the exit status."""
    host = RealHost(path)
    settings = config.load(None, {"autovacuum": "off"})
    problems: list[str] = []
    try:
        host.tasks.run(_collect, host, settings, problems)
    finally:
        host.close()
    for problem in problems:
        print(problem)
    print("no problems found" if not problems else f"problems found: {len(problems)}")
    return 1 if problems else 0


def _collect(host: Any, settings: dict[str, Any], problems: list[str]) -> None:
    if not Instance.exists(host):
        problems.append("there is no database in this directory")
        return
    problems.extend(verify_volume(host, storage_config(settings)))
    if problems:
        return
    stopped = StoppedVolume(host, storage_config(settings))
    try:
        problems.extend(verify_contents(host, settings, FrozenVolume(stopped)))
    except DatabaseError as error:
        problems.append(str(error))
    finally:
        stopped.close()


def verify_contents(host: Any, settings: dict[str, Any], volume: Any, only: Oid | None = None) -> Iterator[str]:
    """Problems of everything above storage; with `only`, of that database's tables and no other's."""
    instance = Instance(host, settings, volume)
    instance.space.open()
    instance.txns.open()
    owners: dict[int, str] = {}
    for oid, root in sorted(instance._directory().items()):
        database = Database(instance, oid, str(oid), root)
        instance._databases[oid] = database
        if only is None or oid == only:
            yield from _verify_database(instance, database, owners)
    try:
        instance.space.unowned([*instance.live_roots(), instance.txns.status.pages.root])
    except DatabaseError as error:
        yield f"space: {error.message}"


def _verify_database(instance: Any, database: Database, owners: dict[int, str]) -> Iterator[str]:
    """Every relation of a database; shared ones are met in each and checked once."""
    for row in list(database.cache.reader().scan("pg_class")):
        if row.relkind != "r" or not row.relfilenode or (row.relisshared and row.relfilenode in owners):
            continue
        owners[row.relfilenode] = row.relname
        relation = database.catalog_relation(row.oid) or database.cache.lookups.relation(row.oid)
        if relation is None:
            yield f"pg_class row {row.oid} of database {database.oid} cannot be read"
            continue
        table = instance.table(relation)
        for problem in check_table(table):
            yield f"database {database.oid}, table {relation.schema}.{relation.name}: {problem}"
