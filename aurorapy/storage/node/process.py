"""One `aurorapy storage-node` process: opens the node in its directory and serves it until SIGTERM.

    aurorapy storage-node --data DIR --zone Z --listen HOST:PORT [--name N] [--secret-file F] [--set name=value …]

Errors: a line on stderr and exit status 1, or 2 for what the command line says.

Not here: the node (`server`), the command line (`__main__`).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import Any

from aurorapy import __version__, config
from aurorapy.errors import DatabaseError, ObjectInUse
from aurorapy.host.collector import Collector
from aurorapy.host.exposition import Exposition
from aurorapy.host.process import in_task, is_loopback, join_cluster
from aurorapy.host.real import RealHost, new_event_loop
from aurorapy.storage.node.metrics import node_figures
from aurorapy.storage.node.server import open_node
from aurorapy.storage.options import storage_config


def storage_node(options: argparse.Namespace) -> int:
    try:
        overrides = config.assignments(options.set)
        if options.secret_file:
            overrides["cluster_secret_file"] = options.secret_file
        settings = config.load(options.config, overrides)
    except (DatabaseError, OSError, ValueError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return 2
    if not is_loopback(options.listen.rpartition(":")[0]) and not settings["cluster_secret_file"]:
        print("aurorapy: a storage node that others can reach needs --secret-file", file=sys.stderr)
        return 2
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    host = RealHost(options.data, loop)
    if not join_cluster(host, settings):
        return 2
    host.spin_when_idle(0)
    try:
        return loop.run_until_complete(_storage_node(host, loop, settings, options))
    finally:
        host.close()


async def _storage_node(host: RealHost, loop: Any, settings: dict[str, Any], options: argparse.Namespace) -> int:
    name = options.name or options.listen
    try:
        server = await in_task(host, loop, open_node, host, name, storage_config(settings), options.listen, report)
    except (ObjectInUse, OSError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return 1
    Collector(loop.call_later).start()
    print(f"aurorapy {__version__} storage node {name} in zone {options.zone} ready at {server.listening.address}", flush=True)
    if settings["metrics_listen"]:
        Exposition(loop, settings["metrics_listen"], lambda: node_figures(server.node)).start()
    stop = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
    await stop
    await in_task(host, loop, server.close)
    return 0


def report(line: str) -> None:
    print(f"storage: {line}", file=sys.stderr, flush=True)
