"""Statements nobody would write, drawn from a seed and asked of PostgreSQL 15 and of aurorapy: both must answer alike.

    schema       the tables, their rows, the columns that expressions can name
    expressions  values and conditions of a wanted type over the columns in scope
    queries      SELECT: joins, subqueries at every depth, grouping, set operations, windows, WITH
    changes      INSERT (with ON CONFLICT), UPDATE (with FROM) and DELETE, each with RETURNING
    compare      asks both servers, and says where they differ

    python -m tests.random_sql --seeds 2000 [--start N] [--changes]      every seed is one statement
    python -m tests.random_sql --seed 758 --show                         prints it

Only what is determined is compared: the rows as a set, numbers by their value, errors by SQLSTATE and message. A seed that
takes more than the time limit on PostgreSQL is left out; one that only aurorapy cannot answer in time is named.

Errors: exit status 1 when an answer differs. Needs a PostgreSQL 15 on this machine.

Not here: functions one by one (`tests.expressions`); what clients send (`tests.clients`).
"""
