"""Two fdatasyncs of the log at once: whichever ends first, what counts as durable has all before it.

A library put before libc holds the first fdatasync until it is told to go on: the second batch is on the disk while the
first is not.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HELD_FDATASYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int calls;

static void note(const char *what, int call) {
    char name[64];
    snprintf(name, sizeof name, "%s%d", what, call);
    close(open(name, O_CREAT | O_WRONLY, 0600));
}

int fdatasync(int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int call = ++calls;
    note("begun", call);
    if (call == 1) {
        while (access("go", F_OK) != 0)
            usleep(1000);
        if (getenv("FIRST_FAILS")) {
            errno = EIO;
            return -1;
        }
    }
    int result = real(file);
    note("ended", call);
    return result;
}
"""

APPENDS = """
import os, time
from aurorapy_native.log import LogWriter

def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.001)

with open("log", "wb") as file:
    file.write(bytes(65536))
log = LogWriter("log", 0)
log.append(b"a" * 100)
wait_for("begun1")
log.append(b"b" * 200)
wait_for("ended2")
time.sleep(0.05)                # the second thread counts what is durable after its fdatasync
print(*log.poll())
open("go", "w").close()
log.stop()
print(*log.poll())
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("held")
    (directory / "held.c").write_text(HELD_FDATASYNC)
    library = directory / "held.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, directory / "held.c", "-ldl"], check=True)
    return library


def durable_before_and_after(held: Path, directory: Path, **environment: str) -> list[str]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    run = subprocess.run(
        [sys.executable, "-c", APPENDS], cwd=directory, capture_output=True, text=True, timeout=30, check=True,
        env=os.environ | {"LD_PRELOAD": str(held), "PYTHONPATH": path} | environment,
    )
    return run.stdout.splitlines()


def test_the_second_batch_is_durable_when_the_first_is(held, tmp_path):
    assert durable_before_and_after(held, tmp_path) == ["0 0", "300 0"]


def test_nothing_counts_when_the_first_batch_failed(held, tmp_path):
    assert durable_before_and_after(held, tmp_path, FIRST_FAILS="1") == ["0 0", "0 5"]
