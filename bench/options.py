"""What every benchmark can be told, and the servers and header that follow from it.

    add_common(parser)              --rounds --seconds --scale --shared-buffers --idle-spin --directory --set
    servers = contestants(options)  a Contestants
    header = facts(options, servers)

`python -m bench all` takes just these and hands them to each benchmark.
"""

from __future__ import annotations

import argparse

from aurorapy.config import find_setting
from bench.contestants import Contestant, Contestants, durability, spin_setting
from bench.versions import header

SPINS = {"on": (True,), "off": (False,), "both": (True, False), "default": (None,)}
ROUNDS_MIN = 3


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help=f"alternating; fewer than {ROUNDS_MIN} only try the benchmark out")
    parser.add_argument("--seconds", type=int, default=10, help="of one run")
    parser.add_argument("--scale", type=int, default=10, help="of pgbench's tables, 100,000 accounts each")
    parser.add_argument("--shared-buffers", default="1GB", metavar="SIZE", help="page cache of every server")
    parser.add_argument("--idle-spin", choices=SPINS, default="default", help="aurorapy's setting; both: two of it run")
    parser.add_argument("--directory", help="where all keep their data (default: the temporary directory)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of aurorapy")


def contestants(options: argparse.Namespace, postgres: dict[str, str] | None = None,
                aurorapy: dict[str, str] | None = None) -> Contestants:  # fmt: skip
    own = {**(aurorapy or {}), **dict(item.split("=", 1) for item in options.set)}
    sizes = {"shared_buffers": options.shared_buffers}
    return Contestants(options.directory, sizes, postgres, own, spins_of(options), getattr(options, "copies", 1))


def spins_of(options: argparse.Namespace) -> tuple[bool | None, ...]:
    """Without the setting in this build there is one way to run."""
    return SPINS[options.idle_spin] if find_setting("idle_spin") else (None,)


def facts(options: argparse.Namespace, servers: list[Contestant]) -> dict[str, str]:
    """The report's header."""
    found = {**header(), **durability(servers), "page cache": options.shared_buffers, "scale": str(options.scale)}
    found["rounds"] = f"{options.rounds}, alternating" + ("; TOO FEW to conclude from" if options.rounds < ROUNDS_MIN else "")
    found["seconds a run"] = str(options.seconds)
    found["idle_spin"] = _spin_words(options)
    if getattr(options, "copies", 1) == 6:
        found["copies"] = "aurorapy: six storage nodes, waits for four; PostgreSQL: two synchronous standbys, waits for both"
    if options.set:
        found["settings of aurorapy"] = ", ".join(options.set)
    return found


def _spin_words(options: argparse.Namespace) -> str:
    if find_setting("idle_spin") is None:
        return "not in this build"
    values = [spin_setting(spin).get("idle_spin", "default") for spin in spins_of(options)]
    return ", ".join(values)
