"""Typed expressions: trees, the registry of what they call, and their way into Python source.

    nodes      the trees                         registry   functions, operators, casts, aggregates and their lookups
    compile    trees → source; one-off values    scope      who names the leaves of a tree
    context    what a running expression asks    ordering   how values of a type compare
    runtime    what emitted source calls         functions  the implementations, a family a file
    assignment arrays with a part replaced

    scope = Scope(leaf=lambda node: f"row[{node.index}]")
    emit(tree, scope)                        # "(None if row[0] is None else row[0] < 5)"

Not here: names to nodes (`sql.bind`), plans (`sql.plan`, execute).
"""
