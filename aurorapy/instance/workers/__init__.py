"""Background work of a writer: vacuum and analyze, by command and by themselves.

    maintenance    VACUUM and ANALYZE statements; when autovacuum looks at which table
    analyze        a sample of rows → pg_statistic
"""
