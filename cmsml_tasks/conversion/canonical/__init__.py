"""One graph, one byte string; ``docs/canonical_form.md`` describes it.

It knows nothing of files, nor of what a graph was made from.
"""
