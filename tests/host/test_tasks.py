"""Tasks wait, are woken, interrupted and timed out; nobody is lost and nobody runs twice."""

import time

import pytest

from aurorapy.host.real import RealHost
from aurorapy.host.tasks import TaskExit


@pytest.fixture
def host(tmp_path):
    host = RealHost(tmp_path)
    yield host
    host.close()


def test_a_waiter_brings_the_value_and_may_be_woken_first(host):
    def work():
        early, late = host.tasks.waiter(), host.tasks.waiter()
        early.wake("before")
        early.wake("again")
        host.tasks.call_soon(late.wake, "after")
        return early.wait(), late.wait()

    assert host.tasks.run(work) == ("before", "after")


def test_a_timeout_ends_only_the_wait(host):
    def work():
        with pytest.raises(TimeoutError):
            host.tasks.waiter().wait(timeout=0.005)
        return "alive"

    assert host.tasks.run(work) == "alive"


def test_an_interrupt_is_raised_once_at_the_wait_and_the_first_one_stays(host):
    def victim(seen):
        for _ in range(2):
            try:
                host.tasks.waiter().wait(timeout=0.01)
            except (TimeoutError, KeyError) as error:
                seen.append(error)

    def work():
        seen = []
        task = host.tasks.spawn(victim, seen)
        host.tasks.pause()
        task.interrupt(KeyError("first"))
        task.interrupt(KeyError("second"))
        task.join()
        return [str(error) for error in seen]

    assert host.tasks.run(work) == ["'first'", ""]


def test_a_shielded_wait_keeps_the_interrupt_for_later(host):
    def victim(waiter):
        value = waiter.wait(shielded=True)
        with pytest.raises(KeyError):
            host.tasks.give_way()
        return value

    def work():
        waiter = host.tasks.waiter()
        task = host.tasks.spawn(victim, waiter)
        host.tasks.pause()
        task.interrupt(KeyError())
        host.tasks.pause()
        waiter.wake(7)
        task.join()
        return task.result, task.error

    assert host.tasks.run(work) == (7, None)


def test_a_task_interrupted_before_it_starts_does_not_start(host):
    def work():
        ran = []
        task = host.tasks.spawn(ran.append, 1)
        task.interrupt(TaskExit())
        task.join()
        return ran, task.error

    assert host.tasks.run(work) == ([], None)


def test_long_work_gives_way(host):
    order = []

    def long_work():
        end = time.monotonic() + 0.03
        while time.monotonic() < end:
            host.tasks.give_way()
        order.append("long")

    def work():
        first = host.tasks.spawn(long_work)
        second = host.tasks.spawn(order.append, "short")
        first.join()
        second.join()

    host.tasks.run(work)
    assert order == ["short", "long"]


def test_of_many_who_work_for_long_one_goes_on_in_a_round_of_the_loop(host):
    seen = []

    def round_begins():
        seen.append("round")
        if len(seen) < 200:
            host.loop.call_soon(round_begins)

    def long_work():
        while len(seen) < 200:
            seen.append("work")
            host.tasks.pause()

    def work():
        tasks = [host.tasks.spawn(long_work) for _ in range(5)]
        host.tasks.pause()  # all have begun
        begun = len(seen)
        host.loop.call_soon(round_begins)
        for task in tasks:
            task.join()
        return [len(turns) for turns in " ".join(seen[begun:]).split("round")]

    turns = host.tasks.run(work)
    assert max(turns[1:-1]) <= len(" work "), turns
    assert min(turns[2:50]) == len(" work "), turns


def test_who_has_become_ready_goes_before_who_rests(host):
    order = []

    def long_work():
        host.loop.call_soon(lambda: host.tasks.spawn(order.append, "ready"))
        host.loop.call_soon(lambda: host.tasks.spawn(order.append, "ready too"))
        host.tasks.pause()
        order.append("rested")

    host.tasks.run(lambda: host.tasks.spawn(long_work).join())
    assert sorted(order[:2]) == ["ready", "ready too"], order


def test_a_crash_is_reported_unless_somebody_joins(host):
    crashes = []
    host.tasks.on_crash = lambda task, error: crashes.append((task.name, str(error)))

    def fail():
        raise ValueError("no")

    def work():
        host.tasks.spawn(fail, name="lonely")
        joined = host.tasks.spawn(fail, name="joined")
        joined.join()
        return str(joined.error)

    assert host.tasks.run(work) == "no"
    assert crashes == [("lonely", "no")]
    with pytest.raises(ValueError):
        host.tasks.run(fail)


def test_threads_give_their_result_and_their_error_to_the_task(host):
    def fail():
        raise OSError(5, "broken")

    def work():
        assert host.in_thread(pow, 2, 10) == 1024
        with pytest.raises(OSError):
            host.in_thread(fail)
        return True

    assert host.tasks.run(work)


def test_the_loop_itself_must_not_wait(host):
    with pytest.raises(RuntimeError):
        host.tasks.waiter().wait()


def test_ten_thousand_waiters_wake_in_one_round(host):
    def work():
        waiters = [host.tasks.waiter() for _ in range(10_000)]
        tasks = [host.tasks.spawn(waiter.wait) for waiter in waiters]
        host.tasks.pause()
        for number, waiter in enumerate(waiters):
            waiter.wake(number)
        for task in tasks:
            task.join()
        return [task.result for task in tasks]

    assert host.tasks.run(work) == list(range(10_000))
