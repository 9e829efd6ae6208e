"""Bound queries back into SQL text."""
def query_text(*a, **k):
    raise NotImplementedError
