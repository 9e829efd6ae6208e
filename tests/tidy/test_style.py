"""Chapters, lengths, stubs, and words that have no place in finished code."""

from __future__ import annotations

import ast
import re

import pytest

from tests.tidy.sources import ROOT, name_of, native_files, python_files, files_of_tests

MAX_LINES = 700
MAX_COLUMNS = 120
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
# a SKIP with a reason has text in it; a bare one does not
BARE_SKIP = re.compile(r"pytest\.skip\(\s*\)|mark\.skip\b(?!if)(?!\(\s*reason=)|mark\.xfail\b(?!\(.*reason=)")
PROCESS_WORDS = re.compile(r"\bissue \d+\b|/work/|\bAI[- ]generated\b|\bas an AI\b", re.I)
OUR_FILES = [path for path in [*python_files(), *native_files(), *files_of_tests()] if path.name != "test_style.py"]


def chapter_of(path) -> str:
    text = path.read_text()
    if path.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    text = re.sub(r"\A(?:\s*#[^\n]*\n)*\s*", "", text)
    match = re.match(r'"""((?:.|\n)*?)"""', text)
    return match[1] if match else ""


def test_modules_open_with_a_chapter():
    wrong = []
    for path in [*python_files(), *(p for p in native_files() if p.suffix == ".pyx")]:
        if path.name == "__init__.py" and not path.read_text().strip():
            wrong.append(f"{name_of(path)}: empty")
        elif not chapter_of(path):
            wrong.append(name_of(path))
    assert not wrong, "\n".join(wrong)


def imported_names(path) -> list[str]:
    """Names that a module imports and has no `noqa: F401` beside."""
    text = path.read_text()
    lines = text.splitlines()
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return [
        (alias.asname or alias.name).split(".")[0] for node in nodes for alias in node.names
        if getattr(node, "module", "") != "__future__" and "F401" not in lines[node.lineno - 1]
    ]  # fmt: skip


def test_what_is_imported_is_used():
    """An `__init__` imports what it offers."""
    files = [path for path in [*python_files(), *files_of_tests()] if path.suffix == ".py" and path.name != "__init__.py"]
    assert not [
        f"{name_of(path)}: {name}" for path in files for name in imported_names(path)
        if len(re.findall(rf"\b{name}\b", path.read_text())) < 2
    ]  # fmt: skip


def test_files_are_short_enough_to_read():
    lengths = {path: len(path.read_text().splitlines()) for path in OUR_FILES}
    assert not [f"{name_of(path)}: {n} lines" for path, n in lengths.items() if n > MAX_LINES]


def test_lines_of_native_files_are_short_enough_to_read():
    files = [*native_files(), *(ROOT / "ext" / "aurorapy_native").glob("*.pyi")]
    lines = ((path, number, line) for path in files for number, line in enumerate(path.read_text().splitlines(), 1))
    assert not [f"{name_of(path)}:{number}: {len(line)} columns" for path, number, line in lines if len(line) > MAX_COLUMNS]


def test_nothing_says_that_it_is_unfinished():
    assert not [f"{name_of(p)}: {m[0]}" for p in OUR_FILES if (m := UNFINISHED.search(p.read_text()))]


def test_skips_have_reasons():
    assert not [f"{name_of(p)}: {m[0]}" for p in files_of_tests() if p.name != "test_style.py"
                and (m := BARE_SKIP.search(p.read_text()))]  # fmt: skip


def test_code_does_not_speak_of_how_it_was_made():
    assert not [f"{name_of(p)}: {m[0]}" for p in OUR_FILES if (m := PROCESS_WORDS.search(p.read_text()))]


def test_native_modules_have_stubs():
    folder = ROOT / "ext" / "aurorapy_native"
    missing = [path.name for path in folder.glob("*.pyx") if not path.with_suffix(".pyi").exists()]
    assert not missing, f"no .pyi beside {sorted(missing)}"


def test_c_functions_say_how_they_fail():
    """A `cdef` function ends in noexcept, except … or returns an object."""
    wrong = []
    pattern = re.compile(r"^\s*cdef (?:inline )?(?:public |api )?(?P<type>[\w *.\[\]]+?)\s*(?P<name>\w+)\s*\((?P<rest>[^#]*)$")
    for path in native_files():
        if path.suffix != ".pyx":
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            match = pattern.match(line)
            if not match or match["type"].split()[0] in ("class", "struct", "enum", "extern", "union"):
                continue
            head, at = line, number
            while not re.search(r"\)[^()]*:\s*(#.*)?$", head) and at + 1 < len(lines) and at - number < 8:
                at += 1
                head += lines[at]
            kind = match["type"].split()[-1]
            is_object = kind in ("bytes", "list", "tuple", "dict", "object", "str", "set") or kind[0].isupper()
            if not re.search(r"noexcept|except", head) and re.search(r"\)[^()]*:\s*(#.*)?$", head) and not is_object:
                wrong.append(f"{name_of(path)}:{number + 1}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_raises_are_specific():
    wrong = []
    for path in python_files():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r"\s*raise (?:Exception|BaseException)\b", line):
                wrong.append(f"{name_of(path)}:{number}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "Makefile", ".ci/run", "aurorapy/py.typed"])
def test_what_a_newcomer_looks_for_is_there(name):
    assert (ROOT / name).exists()
