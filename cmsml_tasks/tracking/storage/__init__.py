"""Files here and on servers: looked at, read, moved, digested, locked, remembered.

It knows nothing of law's tasks or of manifests.
"""
