"""Variables and tables become constants, calls are inlined.

It does not know where the trace came from, nor of files.
"""
