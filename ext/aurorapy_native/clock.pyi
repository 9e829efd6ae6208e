"""The wall clock in PostgreSQL's unit: stub of clock.pyx, which holds the chapter."""

EPOCH_2000_US: int

def wall_us() -> int:
    """Microseconds since 2000-01-01 UTC."""
