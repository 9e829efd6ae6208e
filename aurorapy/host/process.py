"""What every process of ours does at its start and end.

    join_cluster(host, settings)                        its links prove the cluster's secret from here on
    await in_task(host, loop, open_it, …)               straight-line work, from a coroutine

Not here: what the process is (`server/process.py`, `storage/node/process.py`).
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

from aurorapy.host.real import RealHost


def join_cluster(host: RealHost, settings: dict[str, Any]) -> bool:
    files = ("cluster_secret_file", "storage_tls_cert_file", "storage_tls_key_file", "storage_tls_ca_file")
    try:
        host.join_cluster(*(settings[name] for name in files))
    except (OSError, ValueError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return False
    return True


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


async def in_task(host: RealHost, loop: Any, work: Any, *args: Any) -> Any:
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
