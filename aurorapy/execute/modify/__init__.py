"""INSERT, UPDATE, DELETE as code: `statements` writes it, `batches`, `constraints` and `versions` are what it calls; `plain`
is INSERT of rows that come as text."""
