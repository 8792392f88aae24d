"""All that decides about an output: inputs, files from outside, parameters, code, what was read.

They know nothing of verdicts and runs.
"""
