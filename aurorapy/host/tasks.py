"""Tasks: straight-line work on greenlets over one event loop.

    loop ──call_soon──▶ _drain ──switch──▶ session 1 … waiter.wait() ──switch──▶ back in _drain
                          │
                          └──switch──▶ session 2 …

A task that is to run stands on the run queue; one loop callback drains the queue, so that many wake-ups cost the loop
one callback. Only `_drain` switches into a task, and a task that waits switches back to it: nobody ever switches from
one task into another.

    waiter = tasks.waiter()
    disk.read_later(page, waiter.wake)       # somebody will call wake(value)
    page = waiter.wait(timeout=2.0)          # others run meanwhile

`loop` is anything with `time()`, `call_soon`, `call_later`, `run_forever` and `stop`: asyncio's or uvloop's in
production, a virtual one in the simulator.

Errors: `wait` raises TimeoutError, or what `Task.interrupt` was given, once. A task's own error is kept in
`task.error`; one that nobody joins is reported through `tasks.on_crash`.

Not here: threads (`host.real`), fairness between tasks beyond the queue's order, priorities.
"""

from __future__ import annotations

import sys
import traceback
from collections import deque
from time import monotonic
from typing import Any, Callable

from greenlet import getcurrent, greenlet

SLICE_SECONDS = 0.006  # below the 10 ms that no uninterrupted step may take


class TaskExit(BaseException):
    """Ends a task quietly: what a closing connection throws into its session."""


class GreenletTask:
    """One piece of work on its greenlet. `result` or `error` hold once `done`."""

    __slots__ = (
        "name", "done", "result", "error", "locals",
        "_tasks", "_greenlet", "_waiter", "_interrupt", "_queued", "_joiners", "_joined",
    )  # fmt: skip

    def __init__(self, tasks: GreenletTasks, work: Callable[..., Any], args: tuple, name: str) -> None:
        self.name = name
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.locals: Any = None  # whatever the owner of the task wants to find from `tasks.current()`
        self._tasks = tasks
        self._waiter: GreenletWaiter | None = None
        self._interrupt: BaseException | None = None
        self._queued = False
        self._joined = False
        self._joiners: list[GreenletWaiter] | None = None
        self._greenlet = greenlet(self._main, parent=tasks._hub)
        self.result = (work, args)  # until it starts

    def _main(self) -> None:
        work, args = self.result
        self.result = None
        try:
            if self._interrupt is not None:
                raise self.take_interrupt()
            self.result = work(*args)
        except (TaskExit, GeneratorExit):
            pass
        except BaseException as error:  # noqa: BLE001 - kept for join(), or reported
            self.error = error
        self._finish()

    def _finish(self) -> None:
        self.done = True
        joiners, self._joiners = self._joiners, None
        for waiter in joiners or ():
            waiter.wake()
        if self.error is not None and not joiners and not self._joined:
            self._tasks.on_crash(self, self.error)

    def interrupt(self, error: BaseException) -> None:
        """Raised in the task at its present or next wait, or at its next give_way(). The first one stays."""
        if self.done or self._interrupt is not None:
            return
        self._interrupt = error
        waiter = self._waiter
        if waiter is not None and not waiter._shielded:
            self._tasks._make_ready(self)

    def pending_interrupt(self) -> BaseException | None:
        return self._interrupt

    def clear_interrupt(self) -> None:
        self._interrupt = None

    def take_interrupt(self) -> BaseException:
        """The pending interrupt, which thereby counts as delivered."""
        error, self._interrupt = self._interrupt, None
        assert error is not None
        return error

    def join(self, timeout: float | None = None) -> None:
        """Waits for the task's end; its error is then the caller's to look at. TimeoutError when it takes longer."""
        self._joined = True
        if self.done:
            return
        waiter = self._tasks.waiter()
        if self._joiners is None:
            self._joiners = []
        self._joiners.append(waiter)
        waiter.wait(timeout)

    def __str__(self) -> str:
        state = "done" if self.done else "ready" if self._queued else "waiting" if self._waiter else "running"
        return f"task {self.name or id(self)} {state}"


class GreenletWaiter:
    """One wait of one task, on the heap. `wake` may come before `wait`."""

    __slots__ = ("_tasks", "_task", "_woken", "_expired", "_shielded", "_value")

    def __init__(self, tasks: GreenletTasks) -> None:
        self._tasks = tasks
        self._task: GreenletTask | None = None
        self._woken = False
        self._expired = False
        self._shielded = False
        self._value: Any = None

    def wait(self, timeout: float | None = None, shielded: bool = False) -> Any:
        """Switches to the loop until `wake`; returns its value at once when it came already.

        timeout: seconds, TimeoutError after them. shielded: the task's interrupt stays pending and does not end this
        wait (for the few waits whose outcome must be known).
        """
        if self._woken:
            return self._value
        tasks = self._tasks
        task = tasks._current
        if task is None:
            raise RuntimeError("the loop itself must not wait")
        if task._interrupt is not None and not shielded:
            raise task.take_interrupt()
        self._task = task
        self._shielded = shielded
        task._waiter = self
        timer = None if timeout is None else tasks.call_later(timeout, self._expire)
        try:
            while True:
                tasks._hub.switch()
                if self._woken:
                    return self._value
                if task._interrupt is not None and not shielded:
                    raise task.take_interrupt()
                if self._expired:
                    raise TimeoutError
        finally:
            task._waiter = None
            self._task = None
            if timer is not None:
                timer.cancel()

    def wake(self, value: Any = None) -> None:
        if self._woken:
            return
        self._woken = True
        self._value = value
        task = self._task
        if task is not None and not task._queued:
            self._tasks._make_ready(task)

    def _expire(self) -> None:
        self._expired = True
        if self._task is not None:
            self._tasks._make_ready(self._task)


class GreenletTasks:
    """The scheduler: a run queue that one callback of the loop drains."""

    def __init__(self, loop: Any) -> None:
        hub = getcurrent()
        while hub.parent is not None:
            hub = hub.parent
        self._hub = hub
        self._loop = loop
        self._queue: deque[GreenletTask] = deque()
        self._scheduled = False
        self._current: GreenletTask | None = None
        self._slice_end = 0.0
        self.on_crash: Callable[[GreenletTask, BaseException], None] = report_crash

    # -- what work calls -------------------------------------------------------------------------------------------

    def spawn(self, work: Callable[..., Any], *args: Any, name: str = "") -> GreenletTask:
        task = GreenletTask(self, work, args, name)
        self._make_ready(task)
        return task

    def current(self) -> GreenletTask | None:
        return self._current

    def waiter(self) -> GreenletWaiter:
        return GreenletWaiter(self)

    def sleep(self, seconds: float) -> None:
        waiter = GreenletWaiter(self)
        timer = self.call_later(seconds, waiter.wake)
        try:
            waiter.wait()
        finally:
            timer.cancel()

    def give_way(self) -> None:
        """Raises a pending interrupt; lets others run when this task's slice is over. Nothing outside a task."""
        task = self._current
        if task is None:
            return
        if task._interrupt is not None:
            raise task.take_interrupt()
        if self._slice_is_over():
            self.pause()

    def pause(self) -> None:
        """Goes to the end of the run queue, whatever is left of the slice."""
        waiter = GreenletWaiter(self)
        self._loop.call_soon(waiter.wake)
        waiter.wait()

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any):
        return self._loop.call_later(seconds, callback, *args)

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None:
        self._loop.call_soon(callback, *args)

    # -- what tests and tools call -----------------------------------------------------------------------------------

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Runs one task to its end, driving the loop: returns its result or raises its error. Not inside a task."""
        task = self.spawn(work, *args, name="run")
        task._joined = True
        self.run_until(lambda: task.done)
        if task.error is not None:
            raise task.error
        return task.result

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Drives the loop until `condition()`, which is looked at whenever the run queue was drained."""
        if self._current is not None:
            raise RuntimeError("a task cannot drive the loop it runs on")
        self._until = condition
        try:
            while not condition():
                self._loop.run_forever()
        finally:
            self._until = None

    _until: Callable[[], bool] | None = None

    # -- the loop's side -----------------------------------------------------------------------------------------------

    def _make_ready(self, task: GreenletTask) -> None:
        if task._queued or task.done:
            return
        task._queued = True
        self._queue.append(task)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Runs every task that is ready now; those that become ready meanwhile run in the next round, after I/O."""
        queue = self._queue
        try:
            for _ in range(len(queue)):
                task = queue.popleft()
                self._switch_into(task)
        finally:
            self._current = None
            self._scheduled = False
            if queue:
                self._scheduled = True
                self._loop.call_soon(self._drain)
        if self._until is not None and self._until():
            self._loop.stop()

    def _switch_into(self, task: GreenletTask) -> None:
        task._queued = False
        self._current = task
        self._slice_end = monotonic() + SLICE_SECONDS
        task._greenlet.switch()

    def _slice_is_over(self) -> bool:
        return monotonic() > self._slice_end


def report_crash(task: GreenletTask, error: BaseException) -> None:
    """The default for a task whose error nobody looks at: its traceback on stderr."""
    print(f"{task} failed", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
