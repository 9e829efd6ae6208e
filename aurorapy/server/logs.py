"""The server's log: structlog, console lines on a terminal, JSON otherwise.

    log = configure("auto")
    log.info("connection authorized", user="ann", database="shop")

No statement text is logged unless log_statement or log_min_duration_statement asks for it; passwords and keys never.
"""

from __future__ import annotations

import sys
from typing import Any

import structlog


def configure(format_: str = "auto", stream: Any = None) -> Any:
    """format_: auto, console or json."""
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
