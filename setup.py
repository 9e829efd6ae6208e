"""Builds `aurorapy_native`: every .pyx of ext/aurorapy_native becomes a module of the same name.

Environment: AURORAPY_ONLY=heap,btree builds just those; AURORAPY_MARCH=native tunes for this machine;
AURORAPY_DEBUG=1 turns on bounds checks and line tracing.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

NATIVE = Path("ext/aurorapy_native")
C_SOURCES = {"checksum": ["ext/aurorapy_native/crc32c.c"]}

debug = os.environ.get("AURORAPY_DEBUG") == "1"
only = {name for name in os.environ.get("AURORAPY_ONLY", "").split(",") if name}
compile_args = ["-O0" if debug else "-O2", "-g", "-Wno-unreachable-code", "-Wno-sign-compare"]
if march := os.environ.get("AURORAPY_MARCH"):
    compile_args.append(f"-march={march}")

extensions = [
    Extension(
        f"aurorapy_native.{path.stem}",
        [str(path), *C_SOURCES.get(path.stem, [])],
        include_dirs=[str(NATIVE)],
        extra_compile_args=compile_args,
        define_macros=[("CYTHON_TRACE", "1")] if debug else [],
    )
    for path in sorted(NATIVE.glob("*.pyx"))
    if not only or path.stem in only
]

processors = os.cpu_count() or 1

setup(
    options={"build_ext": {"parallel": 1 if only else processors}},
    ext_modules=cythonize(
        extensions,
        include_path=["ext"],
        build_dir="build/c",
        nthreads=0 if only else processors,
        compiler_directives={
            "language_level": "3",
            "boundscheck": debug,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": debug,
            "linetrace": debug,
            "embedsignature": True,
            "freethreading_compatible": False,
        },
    )
)
