from typing import Any, Callable

class WaitCounts:
    """How often somebody waited for what, and how long."""

    def all(self) -> list[tuple[int, int, int]]:
        """[(event, how often, microseconds)] of what happened at all."""

class TaskCore:
    waited: WaitCounts | None
    name: str
    done: bool
    result: Any
    error: BaseException | None
    locals: Any
    def pending_interrupt(self) -> BaseException | None: ...
    def clear_interrupt(self) -> None: ...
    def take_interrupt(self) -> BaseException: ...

class Waiter:
    """One wait of one task, on the heap."""

    shielded: bool
    event: int
    def __init__(self, queue: RunQueue) -> None: ...
    def wait(self, timeout: float | None = None, shielded: bool = False) -> Any: ...
    def wake_now(self, value: Any = None) -> None:
        """wake(), for a callback of the loop that has nothing more to do: the task runs at once when nobody else is
        ready."""
    def wake(self, value: Any = None) -> None: ...

class Sender:
    """Somebody with something to send at the end of the loop's round."""

class RunQueue:
    """Tasks that are ready, and the one loop callback that runs them."""

    slice_seconds: float
    spin_seconds: float
    """How long the loop polls after an answer before it sleeps; 0: not at all."""
    def __init__(self, loop: Any, hub: Any, slice_seconds: float) -> None: ...
    def current(self) -> TaskCore | None: ...
    waited: WaitCounts
    def waiter(self, event: int = 0) -> Waiter: ...
    def expect_disk(self) -> None:
        """A task is about to wait for the log: the loop polls rather than sleeps as long as that usually takes."""
    def take_turns(self, waiter: Waiter) -> None:
        """Wakes it when others had their turn: one of all who rest in a round of the loop."""
    def give_way(self) -> None: ...
