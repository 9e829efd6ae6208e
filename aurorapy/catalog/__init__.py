"""The catalog: what exists in a database, kept in ordinary tables at PostgreSQL's OIDs.

    schema      which columns and indexes the system catalogs have (data/relations.tsv)
    rows        one catalog row as a mapping, with PostgreSQL's defaults
    seed        the rows a new database starts with
    bootstrap   writes them: bulk-loads heaps and B-trees, never interprets an INSERT
    store       reads and changes catalog rows inside a transaction
    load        rows → model.Relation
    cache       SessionCatalog: names and OIDs looked up for one session; CatalogCache: what all sessions share
    describe    definitions as text: pg_get_indexdef, pg_get_constraintdef
    model       what the upper floors see

DDL is DML on these tables in the client's own transaction, so it rolls back, replicates and restores like any row. A
commit that changed catalogs carries an invalidation note; caches drop what it names.

Not here: parsing (expressions are kept as SQL text and bound above), storage of user rows (`access`).
"""
