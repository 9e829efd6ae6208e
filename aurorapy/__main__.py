"""The command line, and the only place that wires everything together.

    aurorapy serve [--data DIR] [--host H] [--port P] [--config FILE] [--set name=value …]
    aurorapy storage-node --data DIR --zone Z --listen HOST:PORT [--name N] [--secret-file F] [--set name=value …]
    aurorapy verify DIR

`serve` makes the directory if it is new, prints one line saying where to connect, and stays in the foreground. SIGTERM
waits for the clients to leave, SIGINT ends them; a second signal leaves at once. Nothing acknowledged is lost either
way, nor by kill -9.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import signal
import sys
from typing import Any

from aurorapy import __version__, config
from aurorapy.errors import DatabaseError, ObjectInUse
from aurorapy.host import preemption
from aurorapy.host.collector import Collector
from aurorapy.host.real import RealHost, allow_connections, new_event_loop
from aurorapy.instance.instance import Instance, storage_config
from aurorapy.server import logs
from aurorapy.server.listener import Listener
from aurorapy.session.interruption import may_switch
from aurorapy.storage.node.server import open_node
from aurorapy.storage.volume.recovery import Superseded
from aurorapy.storage.volume.transport import Unreachable

SUPERSEDED = 3  # exit status
LEAVE_SECONDS = 2.0


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "verify":
        from aurorapy.instance.verify import verify_directory

        return verify_directory(options.directory)
    if options.command == "storage-node":
        return storage_node(options)
    return serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aurorapy", description="A PostgreSQL-compatible database whose log is the database.")
    parser.add_argument("--version", action="version", version=f"aurorapy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("serve", help="serve one database directory")
    run.add_argument("--data", default="data", help="directory of the database, made if new (default: ./data)")
    run.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    run.add_argument("--port", help="port to listen on, 0 for any (default: 5432)")
    run.add_argument("--config", help="TOML file with settings, named as in SHOW")
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one setting")
    run.add_argument("--user", default="postgres", help="superuser of a new database directory")
    run.add_argument("--password", help="password of that superuser")
    run.add_argument("--force-trust", action="store_true", help="allow trust authentication on a public address")
    node = commands.add_parser("storage-node", help="hold copies of protection groups for writers elsewhere")
    node.add_argument("--data", required=True, help="directory of the node, made if new")
    node.add_argument("--zone", required=True, help="availability zone the node lives in")
    node.add_argument("--listen", required=True, metavar="HOST:PORT", help="address for writers and peers")
    node.add_argument("--name", help="name in log lines (default: the address)")
    node.add_argument("--secret-file", help="file with the cluster's secret, the same for every process of it")
    node.add_argument("--config", help="TOML file with settings, named as in SHOW")
    node.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one setting")
    check = commands.add_parser("verify", help="check every checksum, link and tree of a stopped database")
    check.add_argument("directory")
    return parser


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    overrides = dict(item.split("=", 1) for item in options.set)
    if options.host is not None:
        overrides["listen_addresses"] = options.host
    if options.port is not None:
        overrides["port"] = options.port
    overrides["data_directory"] = options.data
    return config.load(options.config, overrides)


def serve(options: argparse.Namespace) -> int:
    try:
        settings = _settings(options)
    except (DatabaseError, OSError, ValueError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return 2
    if not _trust_is_safe(settings, options.force_trust):
        return 2
    log = logs.LazyLog(settings["log_format"])
    if not allow_connections(settings["max_connections"]):
        log.warning("the limit of open files (ulimit -n) is too low for max_connections", max_connections=settings["max_connections"])
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    host = RealHost(options.data, loop)
    if not _join_cluster(host, settings):
        return 2
    host.spin_when_idle(settings["idle_spin"])
    preemption.arm(host.tasks.give_way, may_switch)
    try:
        return loop.run_until_complete(_serve(host, loop, settings, options, log))
    finally:
        preemption.disarm()
        host.close()


def _join_cluster(host: RealHost, settings: dict[str, Any]) -> bool:
    files = ("cluster_secret_file", "storage_tls_cert_file", "storage_tls_key_file", "storage_tls_ca_file")
    try:
        host.join_cluster(*(settings[name] for name in files))
    except (OSError, ValueError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return False
    return True


def storage_node(options: argparse.Namespace) -> int:
    overrides = dict(item.split("=", 1) for item in options.set)
    if options.secret_file:
        overrides["cluster_secret_file"] = options.secret_file
    try:
        settings = config.load(options.config, overrides)
    except (DatabaseError, OSError, ValueError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return 2
    if not _is_loopback(options.listen.rpartition(":")[0]) and not settings["cluster_secret_file"]:
        print("aurorapy: a storage node that others can reach needs --secret-file", file=sys.stderr)
        return 2
    log = logs.LazyLog(settings["log_format"])
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    host = RealHost(options.data, loop)
    if not _join_cluster(host, settings):
        return 2
    host.spin_when_idle(0)
    try:
        return loop.run_until_complete(_storage_node(host, loop, settings, options, log))
    finally:
        host.close()


async def _storage_node(host: RealHost, loop: Any, settings: dict[str, Any], options: argparse.Namespace, log: Any) -> int:
    name = options.name or options.listen
    try:
        server = await _in_task(host, loop, open_node, host, name, storage_config(settings), options.listen)
    except (ObjectInUse, OSError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return 1
    server.node.report = lambda line: log.error("storage", detail=line)
    Collector(loop.call_later).start()
    print(f"aurorapy {__version__} storage node {name} in zone {options.zone} ready at {server.listening.address}", flush=True)
    stop = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
    await stop
    await _in_task(host, loop, server.close)
    return 0


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def _trust_is_safe(settings: dict[str, Any], forced: bool) -> bool:
    address = settings["listen_addresses"]
    if _is_loopback(address) or forced or settings["auth_method"] != "trust":
        return True
    print(
        f"aurorapy: refusing to serve {address} with trust authentication: anyone who reaches it would be superuser.\n"
        "Set auth_method = scram-sha-256 and give --password, or say --force-trust.",
        file=sys.stderr,
    )
    return False


async def _serve(host: RealHost, loop: Any, settings: dict[str, Any], options: argparse.Namespace, log: Any) -> int:
    try:
        instance = await _in_task(host, loop, _open_instance, host, settings, options, log)
    except (ObjectInUse, Unreachable, Superseded) as error:
        print(f"aurorapy: {error.message}", file=sys.stderr)
        return 1
    listener = Listener(instance, loop)
    address = settings["listen_addresses"]
    try:
        port = await listener.open(address, settings["port"])
    except OSError as error:
        print(f"aurorapy: could not listen on {address}:{settings['port']}: {error.strerror}", file=sys.stderr)
        await _in_task(host, loop, instance.close)
        return 1
    Collector(loop.call_later).start()
    print(f"aurorapy {__version__} ready: psql -h {address} -p {port} -U {options.user} postgres", flush=True)
    superseded = loop.create_future()
    instance.volume.on_failure(lambda error: _note_superseded(superseded, error))
    stopped = loop.create_task(_until_stopped(loop, listener))
    await asyncio.wait({stopped, superseded}, return_when=asyncio.FIRST_COMPLETED)
    if superseded.done():
        await _leave(listener, superseded.result())
    await _in_task(host, loop, instance.close)
    return SUPERSEDED if superseded.done() else 0


def _note_superseded(superseded: Any, error: DatabaseError) -> None:
    if isinstance(error, Superseded) and not superseded.done():
        superseded.set_result(error)


async def _leave(listener: Listener, error: DatabaseError) -> None:
    """Another instance writes the volume now: every client is told, and none is waited for for long."""
    print(f"aurorapy: {error.message}", file=sys.stderr, flush=True)
    listener.end_clients("terminating connection because another instance has taken over the volume")
    try:
        await asyncio.wait_for(listener.close(fast=False), LEAVE_SECONDS)
    except asyncio.TimeoutError:
        pass


def _open_instance(host: RealHost, settings: dict[str, Any], options: argparse.Namespace, log: Any) -> Instance:
    return Instance.open_or_create(host, settings, options.user, options.password, log)


async def _in_task(host: RealHost, loop: Any, work: Any, *args: Any) -> Any:
    """Runs straight-line work on a task of its own and awaits its result."""
    done = loop.create_future()

    def run() -> None:
        try:
            result = work(*args)
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits
            loop.call_soon(done.set_exception, error)
        else:
            loop.call_soon(done.set_result, result)

    host.tasks.spawn(run, name=getattr(work, "__name__", "work"))
    return await done


async def _until_stopped(loop: Any, listener: Listener) -> None:
    """Returns when no client is left after a signal, or at once after the second."""
    stop: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.put_nowait, number)
    first = await stop.get()
    closing = loop.create_task(listener.close(fast=first == signal.SIGINT))
    again = loop.create_task(stop.get())
    await asyncio.wait({closing, again}, return_when=asyncio.FIRST_COMPLETED)
    if not closing.done():
        listener.end_clients()
        closing.cancel()
    again.cancel()


if __name__ == "__main__":
    sys.exit(main())
