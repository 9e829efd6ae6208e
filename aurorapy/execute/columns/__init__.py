"""Long scans, aggregates and joins over whole columns: pages decoded into Arrow, then `pyarrow.compute` and Acero.

The same bound tree and the same meaning as `execute.rows`, which runs everything today; an operator here takes over where
a scan is long enough to pay for building columns.
"""
