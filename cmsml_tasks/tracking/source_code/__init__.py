"""Digests of the user's code, and what changed in it.

It knows nothing of law, tasks or manifests.
"""
