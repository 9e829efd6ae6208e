class LogWriter:
    """Threads without the GIL that append to a zero-filled file and make it durable."""

    def __init__(self, path: str, position: int, spin_seconds: float = 0.0) -> None:
        """spin_seconds: how long a thread looks for more after a batch before it sleeps."""
    def append(self, first: bytes, second: bytes = b"", third: bytes = b"") -> int:
        """Queues the parts as one; returns the file position after them."""

    def poll(self) -> tuple[int, int]:
        """(durable position, errno or 0); clears the eventfd."""

    @property
    def syncs(self) -> int: ...
    def fileno(self) -> int: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
