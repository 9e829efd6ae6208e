"""Values and their text and binary forms, family by family.

    values.py    which Python value stands for which SQL value
    model.py     what a Type is; the settings its conversions see (TypeContext)
    facts.py     pg_type in one table                 codec.py   what a family says about a type
    boolean integers floats numeric text bytea uuid json oids       one value, one family
    dates times timestamps timezones intervals  with  tokens, decode, encode below them
    arrays records pseudo                       made of other types, or of none
    builtin.py   puts facts and families together: TYPES, BY_NAME
    names.py     `numeric(10,2)[]` to (OID, typmod) and back

A value's life: the client's text `'42'` → `builtin.TYPES[23].input("42", -1, ctx)` → `42` in every floor above → row bytes
by `Type.storage` → `Type.output(42, ctx)` → the client. Errors are `errors.DataError` in PostgreSQL's words.

Not here: operators and casts between types (`expressions`), row bytes and key bytes (`aurorapy_native`).
"""
