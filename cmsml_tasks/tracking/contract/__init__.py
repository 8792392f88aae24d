"""What tracking asks of a task, what a task answers, and where its targets lie.

It does not know how a verdict comes about.
"""
