"""Placeholder, see the architecture."""
