"""The command line: which process this is. Each is put together where it lives, and imports only what it needs.

    aurorapy serve [--data DIR] [--host H] [--port P] [--config FILE] [--set name=value …]
    aurorapy storage-node --data DIR --zone Z --listen HOST:PORT [--name N] [--secret-file F] [--set name=value …]
    aurorapy verify DIR
    aurorapy cluster start|status|stop|failover|… --data DIR
    aurorapy endpoint --store URL --host-name NAME

`serve` makes the directory if it is new, prints one line saying where to connect, and stays in the foreground. SIGTERM
waits for the clients to leave, SIGINT ends them; a second signal leaves at once. Nothing acknowledged is lost either
way, nor by kill -9.
"""

from __future__ import annotations

import argparse
import sys

from aurorapy import __version__


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["cluster"]:
        from aurorapy.cluster.command import main as cluster

        return cluster(arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command == "endpoint":
        from aurorapy.cluster.endpoint import serve_endpoints

        return serve_endpoints(options.store, options.host_name)
    if options.command == "verify":
        from aurorapy.instance.verify import verify_directory

        return verify_directory(options.directory)
    if options.command == "storage-node":
        from aurorapy.storage.node.process import storage_node

        return storage_node(options)
    from aurorapy.server.process import serve

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
    commands.add_parser("cluster", help="a writer, readers, storage nodes and endpoints under one supervisor", add_help=False)
    door = commands.add_parser("endpoint", help="lead clients to the instances of a cluster")
    door.add_argument("--store", required=True, help="state store of the cluster")
    door.add_argument("--host-name", required=True, help="which host of the cluster this is")
    check = commands.add_parser("verify", help="check every checksum, link and tree of a stopped database")
    check.add_argument("directory")
    return parser


if __name__ == "__main__":
    sys.exit(main())
