"""The verdict on a task, a workflow, a collection, a target; and what is kept of replaced outputs.

It knows nothing of runs and commands.
"""
