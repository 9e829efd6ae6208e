"""What is read from /proc: CPU and memory of a process and its children."""

from __future__ import annotations

import os
import time

from bench.cpu import cpu_seconds, is_alive, process_tree, proportional_bytes, resident_bytes


def test_cpu_of_this_process_grows_with_work():
    before = cpu_seconds(os.getpid())
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert cpu_seconds(os.getpid()) - before >= 0.05


def test_children_belong_to_the_tree_and_shared_pages_count_once():
    child = os.fork()
    if child == 0:
        time.sleep(10)
        os._exit(0)
    try:
        assert child in process_tree(os.getpid())
        assert 0 < proportional_bytes(os.getpid()) < resident_bytes(os.getpid())
    finally:
        os.kill(child, 9)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert not is_alive(child)  # though nobody waited for it yet
        os.waitpid(child, 0)
    assert is_alive(os.getpid())
