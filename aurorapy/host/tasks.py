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

Who has worked for a slice rests: of all who do, one goes on in each round of the loop, behind everybody who has become
ready meanwhile.

`loop` is anything with `time()`, `call_soon`, `call_later`, `run_forever` and `stop`: asyncio's or uvloop's in
production, a virtual one in the simulator.

Errors: `wait` raises TimeoutError, or what `Task.interrupt` was given, once. A task's own error is kept in
`task.error`; one that nobody joins is reported through `tasks.on_crash`.

Waiters, the run queue and the switch itself are in Cython (`aurorapy_native.tasks`).

Not here: threads (`host.real`), fairness between tasks beyond the queue's order, priorities.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any, Callable

from greenlet import getcurrent, greenlet

from aurorapy_native.tasks import RunQueue, TaskCore, Waiter

SLICE_SECONDS = 0.004  # with the timer of host.preemption, which may come 4 ms late: below 10 ms


class TaskExit(BaseException):
    """Ends a task quietly: what a closing connection throws into its session."""


class GreenletTask(TaskCore):
    """One piece of work on its greenlet. `result` or `error` hold once `done`."""

    __slots__ = ("_tasks", "_joined", "_joiners")

    def __init__(self, tasks: GreenletTasks, work: Callable[..., Any], args: tuple, name: str) -> None:
        self.name = name
        self._tasks = tasks
        self._joined = False
        self._joiners: list[Waiter] | None = None
        self._switch = greenlet(self._main, parent=tasks._hub).switch
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
        self._switch = None
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
        if waiter is not None and not waiter.shielded:
            self._tasks._make_ready(self)

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


class GreenletTasks(RunQueue):
    """The scheduler: a run queue that one callback of the loop drains."""

    def __init__(self, loop: Any) -> None:
        hub = getcurrent()
        while hub.parent is not None:
            hub = hub.parent
        super().__init__(loop, hub, SLICE_SECONDS)
        self._hub = hub
        self.on_crash: Callable[[GreenletTask, BaseException], None] = report_crash

    # -- what work calls -------------------------------------------------------------------------------------------

    def spawn(self, work: Callable[..., Any], *args: Any, name: str = "") -> GreenletTask:
        task = GreenletTask(self, work, args, name)
        self._make_ready(task)
        return task

    def sleep(self, seconds: float, event: int = 0) -> None:
        waiter = self.waiter(event)
        timer = self.call_later(seconds, waiter.wake)
        try:
            waiter.wait()
        finally:
            timer.cancel()

    def pause(self) -> None:
        """Goes behind everybody else, whatever is left of the slice."""
        waiter = self.waiter()
        self.take_turns(waiter)
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


def report_crash(task: GreenletTask, error: BaseException) -> None:
    """The default for a task whose error nobody looks at: its traceback on stderr."""
    print(f"{task} failed", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
