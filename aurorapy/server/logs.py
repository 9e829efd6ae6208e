"""The server's log: structlog, console lines on a terminal, JSON otherwise.

    log = LazyLog("auto")
    log.info("connection authorized", user="ann", database="shop")

No statement text is logged unless log_statement or log_min_duration_statement asks for it; passwords and keys never.
"""

from __future__ import annotations

import sys
from typing import Any


class LazyLog:
    """The log until its first line: structlog costs a tenth of the start-up, and most starts have nothing to say."""

    def __init__(self, format_: str) -> None:
        self._format = format_
        self._log: Any = None

    def prepare(self) -> None:
        """Imports structlog: on a thread once the server serves, so that the first line keeps nobody waiting for it."""
        _structlog()

    def __getattr__(self, level: str) -> Any:
        if self._log is None:
            self._log = configure(self._format)
        return getattr(self._log, level)


def configure(format_: str = "auto", stream: Any = None) -> Any:
    """A structlog logger. format_: auto, console or json."""
    structlog = _structlog()
    stream = stream or sys.stderr
    console = format_ == "console" or (format_ == "auto" and stream.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    processors = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        renderer,
    ]
    if not console:
        processors.insert(2, structlog.processors.format_exc_info)
    structlog.configure(
        processors=processors,
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    return structlog.get_logger()


def _structlog() -> Any:
    """structlog without rich, which it would import where it is installed: 50 ms more in which nobody is served."""
    hide = "rich" not in sys.modules
    if hide:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        if hide:
            del sys.modules["rich"]
    return structlog
