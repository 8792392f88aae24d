"""One run of a task: its lock, its basis, local copies, sandbox, manifest and journal.

It knows nothing of commands that only look.
"""
