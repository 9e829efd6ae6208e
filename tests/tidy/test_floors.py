"""An import points down, never up, never sideways: the packages by import-linter, native modules by reading."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tidy.sources import (
    HEIGHT,
    NATIVE,
    ROOT,
    floor_of,
    floor_of_import,
    imports_of,
    name_of,
    native_files,
    python_files,
)


def test_packages_keep_their_floors():
    pytest.importorskip("importlinter", reason="import-linter is not installed (pip install '.[test]')")
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_native_module_has_a_floor():
    unknown = {path.stem for path in native_files()} - NATIVE.keys() - {"__init__"}
    assert not unknown, f"say in tests/tidy/sources.py where they stand: {sorted(unknown)}"


def test_native_imports_point_down():
    wrong = []
    for path in native_files():
        own = floor_of(path)
        for module in imports_of(path):
            other = floor_of_import(module)
            if own and other and other != own and HEIGHT[other] >= HEIGHT[own]:
                wrong.append(f"{name_of(path)} ({own}) imports {module} ({other})")
    assert not wrong, "\n".join(wrong)


def test_python_imports_of_native_modules_point_down():
    wrong = []
    for path in python_files():
        own = floor_of(path)
        for module in imports_of(path):
            other = floor_of_import(module) if module.startswith("aurorapy_native") else None
            if own and other and other != own and HEIGHT[other] >= HEIGHT[own]:
                wrong.append(f"{name_of(path)} ({own}) imports {module} ({other})")
    assert not wrong, "\n".join(wrong)


FORBIDDEN = {"time", "random", "os", "socket", "threading", "asyncio", "uuid", "secrets", "subprocess", "multiprocessing"}
ALLOWED = {"host", "server", "cluster"}
ASSEMBLED = ("__main__.py", "process.py")  # where a process is put together
MACHINES = ("topology", "detector", "failover", "supervision", "routing", "links", "leader")  # of cluster: decide, do nothing


def test_the_world_is_reached_only_through_host():
    wrong = []
    for path in [*python_files(), *native_files()]:
        is_machine = floor_of(path) == "cluster" and path.stem in MACHINES
        if path.name in ASSEMBLED or (floor_of(path) in ALLOWED and not is_machine):
            continue
        used = {module.split(".")[0] for module in imports_of(path)} & FORBIDDEN
        wrong += [f"{name_of(path)} imports {module}" for module in sorted(used)]
    assert not wrong, "\n".join(wrong)


def test_sqlglot_stays_in_the_parser():
    wrong = [
        name_of(path)
        for path in python_files()
        if any(module.split(".")[0] in ("sqlglot", "sqlglotc") for module in imports_of(path))
        and not name_of(path).startswith("aurorapy/sql/parse/")
    ]
    assert not wrong, wrong
