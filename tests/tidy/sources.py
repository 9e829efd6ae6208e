"""The source files the manners are checked on, and where each belongs.

    FLOORS                       from the top: [["cluster"], ["server"], …, ["redo", "wire"], …]
    floor_of(path)               "storage" for aurorapy/storage/volume/volume.py, also "txn" for locks.pyx
    imports_of(path)             the modules a .py or .pyx file names in its imports
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
FLOORS = [[name.strip() for name in layer.split("|")] for layer in CONTRACT["layers"]]
HEIGHT = {name: len(FLOORS) - number for number, names in enumerate(FLOORS) for name in names}

# Where the native modules stand among the floors; a module that is not listed fails a test.
NATIVE = {
    "client": "server", "activity": "activity", "short_path": "session", "statement": "session", "block": "session", "versions": "catalog", "params": "session", "plan": "execute",
    "point": "execute", "row_columns": "execute", "lexer": "sql",
    "btree": "access", "btree_build": "access", "btree_check": "access", "btree_scan": "access", "btree_split": "access",
    "btree_vacuum": "access", "heap": "access", "heap_page": "access", "heap_prune": "access", "heap_check": "access",
    "keys": "access", "tuples": "access", "toast": "access", "vacuum": "access", "row_codec": "access", "rowlocks": "access",
    "btree_page": "access", "dead_entries": "access", "heap_lookup": "access", "heap_read": "access", "heap_vacuum": "access",
    "pieces": "access", "row_values": "access", "row_source": "access", "row_output": "access", "row_totals": "access",
    "row_sorting": "access",
    "entries": "access", "entry_sort": "access", "row_keys": "access",
    "row_batch": "access", "row_text": "access", "copy_lines": "access", "values_lines": "access", "btree_batch": "access",
    "locks": "txn", "visibility": "txn", "follow": "txn",
    "pool": "buffer", "mtr": "buffer", "space": "buffer", "free_ranges": "buffer", "followed_maps": "buffer", "pageapply": "buffer",
    "memtable": "storage", "node": "storage", "runs": "storage", "volume": "storage", "batch": "redo",
    "redo": "redo", "page": "redo", "checksum": "ids",
    "wire": "wire", "outbuffer": "wire", "datetime": "types", "text": "types", "retry": "host", "tasks": "host", "log": "host", "clock": "host",
    "room": "host",
}  # fmt: skip

_PYTHON_IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import|c?import\s+([\w.]+))", re.M)
_STRINGS = re.compile(r'"""(?:.|\n)*?"""')


def python_files() -> list[Path]:
    return sorted((ROOT / "aurorapy").rglob("*.py"))


def native_files() -> list[Path]:
    folder = ROOT / "ext" / "aurorapy_native"
    return sorted([*folder.glob("*.pyx"), *folder.glob("*.pxd"), *folder.glob("*.py")])


def files_of_tests() -> list[Path]:
    return sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def floor_of(path: Path) -> str | None:
    """None for what stands outside the floors: __main__, the package itself, unlisted native modules."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "ext":
        return NATIVE.get(path.stem)
    name = parts[1].removesuffix(".py")
    return name if name in HEIGHT else None


def imports_of(path: Path) -> list[str]:
    text = _STRINGS.sub("", path.read_text())
    return [a or b for a, b in _PYTHON_IMPORT.findall(text)]


def floor_of_import(module: str) -> str | None:
    """Of a module of ours by its dotted name; None for everybody else's."""
    parts = module.split(".")
    if parts[0] == "aurorapy" and len(parts) > 1:
        return parts[1] if parts[1] in HEIGHT else None
    if parts[0] == "aurorapy_native" and len(parts) > 1:
        return NATIVE.get(parts[1])
    return None
