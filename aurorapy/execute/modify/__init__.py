"""INSERT, UPDATE, DELETE as code: `statements` writes it, `constraints` and `versions` are what it calls."""
