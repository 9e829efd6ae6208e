"""What is measured on what: the header of every report, and of a pytest run.

    build_info()   "0.1.0, Python 3.11.9, 24 native modules, Cython 3.3.1, march default"
    header()       {"aurorapy": …, "PostgreSQL": …, "machine": …, "kernel": …, "commit": …}
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = "/usr/lib/postgresql/15/bin/postgres"


def build_info() -> str:
    import aurorapy
    import aurorapy_native

    modules = len(list(Path(aurorapy_native.__path__[0]).glob("*.so")))
    parts = [
        aurorapy.__version__,
        f"Python {platform.python_version()}",
        f"{modules} native modules",
        f"march {os.environ.get('AURORAPY_MARCH', 'default')}",
    ]
    for package in ("cython", "greenlet", "uvloop", "sqlglot"):
        try:
            parts.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(parts)


def header() -> dict[str, str]:
    return {
        "aurorapy": build_info(),
        "PostgreSQL": _output(POSTGRES, "--version"),
        "pgbench": _output("pgbench", "--version"),
        "machine": f"{os.cpu_count()} × {_processor()}, {_memory_gib():.0f} GiB",
        "kernel": platform.release(),
        "commit": _output("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
    }


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip() or "unknown"
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
