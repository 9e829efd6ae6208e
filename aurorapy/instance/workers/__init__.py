"""Background work of a writer: vacuum and analyze, by command and by themselves.

    maintenance    VACUUM and ANALYZE statements; when autovacuum looks at which table
    counters       rows changed since then, kept over a stop
    analyze        a sample of rows → pg_statistic
"""
