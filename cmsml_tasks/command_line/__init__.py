"""What users of ``law run`` see and type: messages, tables, parameters, Ctrl-C.

Nothing here tracks, trains or converts.
"""
