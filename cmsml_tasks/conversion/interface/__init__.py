"""The named inputs and outputs of a graph: found, picked, named, put on as nodes.

It knows nothing of weights, of what a graph was made from, or of freezing.
"""
