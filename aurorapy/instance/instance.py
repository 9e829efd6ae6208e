"""The writer: everything below the sessions, put together.

    instance = Instance.create(host, settings, superuser)     # a new volume
    instance = Instance.open(host, settings)                  # recovery, no replay
    database = instance.database_named("postgres", role)
    transaction = instance.begin(database, "read committed", read_only=False)
    table = instance.table(relation)

Made and closed inside a task: opening reads pages and waits for them.

Errors: what the volume raises (ObjectInUse: another process has it; DataCorrupted); 3D000 no such database.

Not here: clients (`server`), SQL.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.activity import Counters
from aurorapy.activity.sessions import SessionActivities
from aurorapy.buffer import make_pool
from aurorapy.catalog.cache import SessionCatalog
from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, FatalError
from aurorapy.instance import bootstrap, database_jobs, tables
from aurorapy.instance.cache_sharing import CacheSharing
from aurorapy.instance.channels import Channels
from aurorapy.instance.databases import Database
from aurorapy.instance.feed import Feed
from aurorapy.instance.reader import Follower
from aurorapy.instance.sequences import Sequences
from aurorapy.instance.storage_jobs import StorageJobs
from aurorapy.instance.workers.maintenance import Maintenance
from aurorapy.records import dataclass
from aurorapy.storage.options import VOLUME_PATH, storage_config
from aurorapy.storage.volume import NoVolume, StorageConfig, Volume, create_volume, open_follower, open_volume
from aurorapy.txn.manager import TransactionManager
from aurorapy.wire.scram import make_verifier, parse_verifier
from aurorapy_native.followed_maps import FollowedMaps
from aurorapy_native.locks import LockOwner
from aurorapy_native.mtr import MiniTransaction
from aurorapy_native.space import VolumeSpace

TEMPORARY_PATH = "tmp"


@dataclass(frozen=True, slots=True)
class Role:
    """What connecting needs of a pg_authid row."""

    oid: int
    name: str
    is_superuser: bool
    can_login: bool
    verifier: str | None
    connection_limit: int
    valid_until: int | None  # of the password; µs since 2000


class UnfinishedVolume(DatabaseError):
    """The process ended while it made the volume."""


class SessionLocks(LockOwner):
    """Holds what a session locks beyond its transactions."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.waiting = None
        self.lock_timeout = None


class _Nobody:
    """A session's part in looking names up, where there is no session."""

    settings = {"search_path": "pg_catalog"}


class NoLog:
    """Stands in for structlog where nobody listens (tests, tools)."""

    def _ignore(self, event: str, **fields: Any) -> None:
        pass

    debug = info = warning = error = _ignore


class Instance:
    def __init__(self, host: Any, settings: dict[str, Any], volume: Volume, log: Any = None) -> None:
        self.host = host
        self.settings = settings
        self.log = log or NoLog()
        self.volume = volume
        self.pool = make_pool(settings["shared_buffers"], volume, host.tasks)
        self.mtr = MiniTransaction(self.pool, volume.redo)
        self.space = VolumeSpace(self.pool, self.mtr)
        volume.on_trouble(lambda text: self.log.error("storage", detail=text))
        self.txns = TransactionManager(host, volume, self.pool, self.mtr, self.space)
        self.counters = Counters()
        self.activity = SessionActivities(host.clock)
        self.sequences = Sequences(self)
        self.storage_jobs = StorageJobs(self)
        self.channels = Channels()
        self.maintenance = Maintenance(self)
        self.feed = Feed(self)
        self.cache_sharing: CacheSharing | None = None  # of a writer, with apg_ccm_enabled
        self.wrote_from = 0  # VDL at which this instance became the writer
        self.follower: Follower | None = None  # of a reader, also when it has become the writer
        self.on_promoted: list[Callable[[], None]] = []
        self.backends: Any = None  # the listener, once there is one
        self.start_us = host.clock.wall_us()
        self.closing = False
        self._databases: dict[int, Database] = {}
        self.open_tables: dict[int, tuple[Relation, Any]] = {}  # by map page
        self.incomplete_indexes: dict[int, tuple[int, int]] = {}  # by map page: RelationStorage.incomplete, as the writer said
        self._temporary_files = 0
        self._lock_owners: dict[Any, Any] = {}
        self.authentication_secret = b""

    # -- life ----------------------------------------------------------------------------------------------------------
    @classmethod
    def create(cls, host: Any, settings: dict[str, Any], superuser: str = "postgres", password: str | None = None,
               log: Any = None, storage: StorageConfig | None = None) -> Instance:  # fmt: skip
        """Makes a volume below the host's directory and opens it; `storage`: sizes that no setting gives."""
        instance = cls(host, settings, create_volume(host, storage or storage_config(settings)), log)
        instance.space.create()
        instance.txns.create()
        verifier = instance.password_verifier(password) if password else None
        bootstrap.create(instance, superuser, verifier)
        instance.volume.wait_durable(instance.volume.redo.last_lsn)
        instance._ready()
        return instance

    @classmethod
    def open(cls, host: Any, settings: dict[str, Any], log: Any = None, storage: StorageConfig | None = None) -> Instance:
        """Raises UnfinishedVolume for one whose `create` did not come to its end."""
        instance = cls(host, settings, open_volume(host, storage or storage_config(settings)), log)
        if not instance._take_over():
            instance._give_up_unfinished()
            raise UnfinishedVolume("the database was not created to its end")
        freed = instance.txns.reclaim(instance.live_roots())
        if freed:
            instance.log.info("reclaimed pages that a crash left without owner", pages=freed)
        instance._ready()
        return instance

    @classmethod
    def open_or_create(cls, host: Any, settings: dict[str, Any], superuser: str = "postgres", password: str | None = None,
                       log: Any = None, storage: StorageConfig | None = None) -> Instance:  # fmt: skip
        """What is there, or something new where nothing is, or where a creation was cut short."""
        storage = storage or storage_config(settings)
        if storage.nodes or cls.exists(host):
            try:
                return cls.open(host, settings, log, storage)
            except (NoVolume, UnfinishedVolume):
                pass
        return cls.create(host, settings, superuser, password, log, storage)

    @classmethod
    def follow(cls, host: Any, settings: dict[str, Any], log: Any = None, storage: StorageConfig | None = None,
               begun: Callable[[Instance], None] = lambda instance: None) -> Instance:  # fmt: skip
        """A reader of what another instance writes. Returns when its writer has been heard; `begun`, before that, hands
        out what there is, so that somebody can say who the writer is."""
        instance = cls(host, settings, open_follower(host, storage or storage_config(settings)), log)
        instance.space.maps = FollowedMaps(instance.space)
        settings["in_hot_standby"] = settings["transaction_read_only"] = True
        instance.follower = Follower(instance)
        begun(instance)
        if settings["instance_writer"] and not instance.follower.address:  # nobody has said better meanwhile
            instance.follower.follow(settings["instance_writer"])
        instance.follower.wait_attached()
        instance.space.open(to_read=True)
        instance.txns.status.follow()
        instance._begin_to_serve()
        return instance

    def take_over(self) -> None:
        """A reader's part in becoming the writer that may not wait; see `promotion`."""
        self.wrote_from = self.volume.vdl
        self.space.maps = None
        self.txns.take_over()

    def begin_to_write(self) -> None:
        """The reader has become the writer."""
        self.settings["in_hot_standby"] = self.settings["transaction_read_only"] = False
        for tell in self.on_promoted:
            tell()
        self.feed.begin()
        self.maintenance.start()
        self.storage_jobs.start()

    @property
    def is_reader(self) -> bool:
        return self.volume.follows

    def conflict(self, horizon: int) -> None:
        """Snapshots older than this may miss rows from now on: who holds one is cancelled. Of a reader."""
        if not self.txns.status.older_than(horizon):
            return
        for transaction in self.txns.status.older_than(horizon):
            if transaction is not None and self.backends is not None:
                self.backends.conflict(transaction.pid)
        for database in self.databases():
            database.cache.invalidate(0)  # what is being read for it now is read again

    def catalog_changed(self, database: int, relation: int) -> None:
        """The writer has committed changes to what the relation is (0: to anything)."""
        found = self._databases.get(database)
        if found is not None:
            found.cache.invalidate(relation)
        elif not relation and self._databases:
            next(iter(self._databases.values())).cache.invalidate(0)

    def _take_over(self) -> bool:
        """Reads what the predecessor left; False when it had not got as far as its directory of databases."""
        if not any(self.pool.page(0)[:8]):  # its LSN: never written
            return False
        self.space.open()
        if not self.space.counter(bootstrap.COUNTER_DIRECTORY):
            return False
        self.txns.open()
        return bool(self._directory())

    def _give_up_unfinished(self) -> None:
        """Nothing was ever acknowledged from this volume: under its lock, it ceases to be one."""
        if self.volume.config.nodes:
            self.volume.close()
            raise DatabaseError("the database was not created to its end", hint="Empty the directories of the storage nodes.")
        disk = self.host.disk
        disk.rename(f"{VOLUME_PATH}/volume", f"{VOLUME_PATH}/volume.unfinished")
        disk.sync_directory(VOLUME_PATH)
        self.volume.close()

    def live_roots(self) -> list[int]:
        """The map page of every relation that a committed pg_class row names, in all databases; each once."""
        directory = self.space.counter(bootstrap.COUNTER_DIRECTORY)
        roots = {directory}
        for oid, class_root in self._directory().items():
            database = self._database_at(oid, str(oid), class_root)
            for row in database.cache.reader().scan("pg_class"):
                if row.relfilenode:
                    roots.add(row.relfilenode)
        return sorted(roots)

    @staticmethod
    def exists(host: Any) -> bool:
        return host.disk.exists(f"{VOLUME_PATH}/volume")

    def _ready(self) -> None:
        self.wrote_from = self.volume.vdl
        self._begin_to_serve()
        if self.settings["instance_listen"]:
            self.feed.begin()
        self.maintenance.start()
        self.storage_jobs.start()

    def _begin_to_serve(self) -> None:
        if self.host.disk.exists(TEMPORARY_PATH):  # of a process that ended between opening a file and unlinking it
            for name in self.host.disk.list(TEMPORARY_PATH):
                self.host.disk.remove(f"{TEMPORARY_PATH}/{name}")
        self.authentication_secret = self.space.counter(bootstrap.COUNTER_SECRET).to_bytes(8, "little")

    def close(self) -> None:
        """A clean end: sequences without gaps, everything durable."""
        if self.closing:
            return
        self.closing = True
        self.maintenance.stop()
        self.storage_jobs.stop()
        if self.follower is not None:
            self.follower.stop()
        if self.volume.failure is None and not self.is_reader:
            self._settle()
        self.volume.close()

    def _settle(self) -> None:
        """Values that sequences have set aside go back, free space is noted: what fails here costs a gap, or room."""
        try:
            self.sequences.close()
            for storage in list(self.space.relations.values()):
                storage.flush_space()
        except DatabaseError as error:
            self.log.warning("closed without noting free space", error=str(error))

    # -- transactions --------------------------------------------------------------------------------------------------
    def begin(self, database: Database, isolation: str, read_only: bool, after: int = 0) -> Any:
        return self.txns.begin(isolation, read_only or self.volume.follows, False, after, database.oid)

    def fresh_snapshot(self) -> Any:
        """What is committed now, seen by nobody's transaction."""
        return self.txns.status.snapshot()

    def new_oid(self) -> int:
        return self.txns.oids.next()

    # -- databases and roles -------------------------------------------------------------------------------------------
    def database_named(self, name: str, role: Role) -> Database:
        """Raises FatalError 3D000; 55000 for one that takes no connections."""
        row = self._shared_reader().one("pg_database", datname=name)
        if row is None:
            raise FatalError(f'database "{name}" does not exist', sqlstate="3D000")
        if not row.datallowconn:
            raise FatalError(f'database "{name}" is not currently accepting connections', sqlstate="55000")
        return self._database(row.oid, row.datname)

    def _database(self, oid: int, name: str) -> Database:
        found = self._databases.get(oid)
        if found is None:
            found = self._database_at(oid, name, self._directory()[oid])
        found.name = found.cache.name = name
        return found

    def _database_at(self, oid: int, name: str, class_root: int) -> Database:
        found = self._databases[oid] = Database(self, oid, name, class_root)
        return found

    def _directory(self) -> dict[int, int]:
        """Database OID → map page of its pg_class."""
        heap = tables.open_directory(self)
        snapshot = self.fresh_snapshot()
        return {oid: root for block in range(heap.blocks) for oid, root in heap.scan_page(block, snapshot, (1, 2))}

    def _shared_reader(self) -> Any:
        """Shared catalogs, seen through whichever database is at hand."""
        if not self._databases:
            from aurorapy.ids import POSTGRES_DB

            return self._database(POSTGRES_DB, "postgres").cache.reader()
        return next(iter(self._databases.values())).cache.reader()

    def role_named(self, name: str) -> Role | None:
        row = self._shared_reader().one("pg_authid", rolname=name)
        if row is None:
            return None
        return Role(row.oid, row.rolname, row.rolsuper, row.rolcanlogin, row.rolpassword, row.rolconnlimit,
                    row.rolvaliduntil)  # fmt: skip

    def password_verifier(self, password: str) -> str:
        """What is stored for a password: itself when it is a verifier already."""
        if parse_verifier(password) is not None:
            return password
        if password.startswith("md5") and len(password) == 35:
            raise DatabaseError("MD5 password hashes are not supported", sqlstate="0A000",
                                hint="Give the password itself or a SCRAM-SHA-256 verifier.")  # fmt: skip
        return str(make_verifier(password, self.host.random.bytes(16), self.settings["scram_iterations"]))

    def role_by_oid(self, oid: int) -> str:
        return self._shared_reader().one("pg_authid", oid=oid).rolname

    def database_of(self, oid: int, name: str) -> Database:
        return self._database(oid, name)

    def forget_database(self, oid: int) -> None:
        """It was dropped."""
        self._databases.pop(oid, None)

    def create_database(self, transaction: Any, oid: int, shared_roots: dict[int, int], give_way: Any) -> None:
        database_jobs.create_database(self, transaction, oid, shared_roots, give_way)

    def drop_database(self, transaction: Any, oid: int, name: str) -> None:
        database_jobs.drop_database(self, transaction, oid, name)

    # -- relations -----------------------------------------------------------------------------------------------------
    def table(self, relation: Relation) -> Any:
        """access.table.Table of a relation; kept until the relation's description changes."""
        cached = self.open_tables.get(relation.root)
        if cached is not None and cached[0] is relation:
            return cached[1]
        opened = tables.open_relation(self, relation)
        if cached is not None:  # described anew: what was counted stays
            opened.dead_rows, opened.changed_rows = cached[1].dead_rows, cached[1].changed_rows
        else:
            self.maintenance.counters.hand_over(relation.root, opened)
        self.open_tables[relation.root] = (relation, opened)
        return opened

    def forget_storage(self, root: int) -> None:
        """The storage at this map page is going away."""
        for key, (relation, _) in list(self.open_tables.items()):
            if relation.root == root or any(i.root == root for i in relation.indexes):
                del self.open_tables[key]
        self.incomplete_indexes.pop(root, None)
        self.sequences.dropped(root)

    def create_storage(self, transaction: Any, relkind: str) -> int:
        return self.storage_jobs.create(transaction, relkind)

    def drop_storage_at_commit(self, transaction: Any, root: int) -> None:
        self.storage_jobs.drop_at_commit(transaction, root)

    def build_index(self, transaction: Any, relation: Relation, index_oid: int, give_way: Any, settings: Any) -> None:
        tables.build_index(self, transaction, relation, index_oid, give_way, settings)

    # -- what a plan asks for --------------------------------------------------------------------------------------------
    def temporary_file(self) -> Any:
        """A file for rows beyond work_mem. It has no name any more when it is given out, so nothing outlives its user."""
        self._temporary_files += 1
        self.counters.temp_files += 1
        path = f"{TEMPORARY_PATH}/{self._temporary_files}"
        disk = self.host.disk
        if not disk.exists(TEMPORARY_PATH):
            disk.mkdir(TEMPORARY_PATH)
        file = disk.open(path, create=True)
        disk.remove(path)
        return file

    def buffer_counters(self) -> tuple[int, int]:
        """(hits, misses) of the pool so far."""
        return self.pool.hits, self.pool.misses

    # -- sessions ------------------------------------------------------------------------------------------------------
    def session_closed(self, session: Any) -> None:
        self.channels.close(session)
        self.activity.unregister(session.activity)
        owner = self._lock_owners.pop(session, None)
        if owner is not None:
            self.txns.locks.release_all(owner)

    def session_locks(self, session: Any) -> Any:
        """The owner of a session's advisory locks, which outlive its transactions."""
        owner = self._lock_owners.get(session)
        if owner is None:
            owner = self._lock_owners[session] = SessionLocks(session.facts.pid)
        return owner

    def blocking_pids(self, session: Any) -> list[int]:
        """Who stands between the session and the lock it waits for."""
        waiting = getattr(session.transaction, "waiting", None)
        return [owner.pid for owner in waiting.blockers()] if waiting is not None else []

    def snapshot_text(self, session: Any) -> str:
        """pg_current_snapshot(): xmin:xmax:running."""
        running = sorted(self.txns.running)
        upper = self.txns.status.next_xid
        return f"{running[0] if running else upper}:{upper}:{','.join(map(str, running))}"

    def databases(self) -> list[Database]:
        return list(self._databases.values())

    def binding_catalog(self) -> SessionCatalog:
        """For binding stored expressions, which need no search_path: types and functions only."""
        return SessionCatalog(self.databases()[0].cache, _Nobody())

    def opened_tables(self, database: Database) -> list[tuple[Relation, Any]]:
        known = database.cache.lookups.relations
        found = [pair for pair in self.open_tables.values() if pair[0].kind == "r" and known.get(pair[0].oid) is pair[0]]
        return found + database.tables.opened()

    def log_error(self, session: Any, error: DatabaseError) -> None:
        if error.sqlstate[:2] in ("XX", "58", "53") or error.severity == "FATAL":
            self.log.error(error.message, sqlstate=error.sqlstate, severity=error.severity)
        elif self.settings["log_min_messages"] != "panic":
            self.log.info(error.message, sqlstate=error.sqlstate, severity=error.severity)
