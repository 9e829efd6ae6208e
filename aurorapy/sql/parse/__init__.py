"""From text to statements.

    parse("BEGIN; SELECT a + 1 FROM t")   ->   [Begin(), QueryStatement(tree=raw.Select(…))]

    aurorapy_native.lexer   characters → tokens, PostgreSQL's rules
    source, cursor          the tokens, and a hand to move over them
    statements              the first word decides
    transactions utility create alter tables roles       hand-written parsers, one a family
    feed, marks, literals   a query's tokens → what the query parser gets; all it could misread behind a mark
    clauses trailers wordoperators operands              what a word does there
    query, fromitems, expressions, operators             its tree and the marks → raw nodes
    raw                     what sql.bind takes

sqlglot arranges a query's clauses, brackets, joins and set operations; names, literals, types, operators and precedence
never reach it. Nothing outside this folder sees one of its classes.

Errors: SyntaxError with PostgreSQL's wording and position; 54001 for nesting beyond 1,000.
"""

from aurorapy.sql.parse.statements import parse, parse_shared

__all__ = ["parse", "parse_shared"]
