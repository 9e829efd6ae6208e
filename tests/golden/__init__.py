"""Golden scripts: what PostgreSQL 15 answers, written down, and run against aurorapy.

A script is a text file of steps; each is a statement of one client and the answer to it, to the letter:

    # Lost update: the second writer waits, then continues from the first one's row.
    c1> begin
    = BEGIN
    c2> update test set value = 12 where id = 1
    . waits
    c1> commit
    = COMMIT
    c2<
    = UPDATE 1
    c1> select value, 1/0
        from test                        -- four spaces: the statement goes on
    ! ERROR 22012: division by zero
    c1 ['5', NULL]> select $1::int + 1, $2::text
    : int4, text
    | ?column? int4 | text text
    | 6 | ∅
    = SELECT 1
    psql> \\d test
    | …

| line | is |
|---|---|
| `c1> sql`, `c1 [values]> sql` | a statement in the simple protocol; in the extended one with these parameters |
| `copy> text` | data for the COPY ... FROM STDIN before it |
| `psql> command` | what psql prints for it |
| `:` `\\|` `=` `!` `~` | parameter types; column names with types, then rows; tag; error; notice |
| `. waits`, `c2<` | the statement waits for a lock; here its answer came |
| `@mask regex` | what matches is replaced by … in every answer of the file |
| `@differs reason` | before a step: aurorapy answers otherwise, on purpose; its answer follows, each line after `a` |

`python -m tests.golden` runs all scripts against aurorapy and lists the differences; `--oracle` runs them against
PostgreSQL 15 as well, `--regenerate` writes PostgreSQL's answers into the files.

`script` is the file's form, `runner` a script's run against a server, `__main__` the command.
"""
