"""What every source becomes: a graph with its interface, its weights and its own evaluation.

It does not know how a graph is frozen or written, nor what it was made from.
"""
