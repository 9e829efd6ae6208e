"""SQL: what a statement says, what it means, how it shall run.

    parse        text → statements (statements.py) and raw query trees
    bind         names and types → tree.Query over expressions.nodes
    plan         → operators, in cost order
    deparse      bound expressions and types back into PostgreSQL's text

Not here: running plans (execute), evaluating expressions (expressions).
"""
