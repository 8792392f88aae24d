"""Libraries that open files in C: what can be told of that from Python, one file for each."""
