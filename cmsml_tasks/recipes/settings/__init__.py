"""The text of ``--settings`` and ``--scan``, and recipes made of it.

It knows nothing of columns and files.
"""
