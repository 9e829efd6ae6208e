"""The wall clock in PostgreSQL's unit, read once a statement.

    wall_us()       microseconds since 2000-01-01 UTC

Other native modules read both clocks by clock.pxd.

Not here: the simulator's clock; who may read which (aurorapy.host).
"""

EPOCH_2000_US = <int64_t> EPOCH_2000 * 1_000_000


def wall_us():
    """Microseconds since 2000-01-01 UTC."""
    return wall()
