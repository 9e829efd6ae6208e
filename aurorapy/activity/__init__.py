"""What the server is doing: counters that only rise, and what each session waits for.

    counters.py   named numbers, one object an instance
    waits.py      the names of wait events, and whose wait is on which

Read by pg_stat_* and EXPLAIN; written where things happen, at the price of an addition. Not here: logging.
"""

from aurorapy.activity.counters import Counters
from aurorapy.activity.waits import WAIT_EVENTS, wait_event_of

__all__ = ["WAIT_EVENTS", "Counters", "wait_event_of"]
