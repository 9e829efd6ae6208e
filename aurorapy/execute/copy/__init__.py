"""COPY: tables to and from bytes, in PostgreSQL's text, CSV and binary formats (manual, COPY, "File Formats").

    options    COPY's options, checked
    text, csv, binary
               each: a reader that is fed chunks and gives rows of fields, and a writer of lines
    load       COPY FROM: fields → values → rows of the table
    unload     COPY TO: rows → chunks

Readers take chunks cut anywhere. Not here: CopyData messages (`session.copy`, `wire`).
"""
