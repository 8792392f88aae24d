"""The record beside outputs: written, read, believed, held against the files.

It knows nothing of tasks.
"""
