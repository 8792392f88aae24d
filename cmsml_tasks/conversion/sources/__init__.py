"""Adapters, one for each kind of object that a graph can be made from.

They know nothing of freezing, of canonical form or of files.
"""
