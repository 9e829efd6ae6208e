"""aurorapy: a PostgreSQL-wire-compatible database server whose log is the database."""

__version__ = "0.1.0"
