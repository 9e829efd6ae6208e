"""Sessions against a running server: what PostgreSQL does around statements rather than in them."""
