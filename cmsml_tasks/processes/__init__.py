"""Other interpreters and native libraries: started, watched, kept quiet, ended.

Nothing here knows law, models or events.
"""
