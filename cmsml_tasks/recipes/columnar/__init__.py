"""From files and a plan of what to read to events.

It knows no recipe class.
"""
