"""Graphs of unknown origin, refused before TensorFlow sees them.

They know nothing of weights, freezing or files.
"""
