"""What is asked of a task in place of running it: ``--explain``, ``--accept``, ``--origin``."""
