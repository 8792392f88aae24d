"""Every row of the table of what can be converted."""

from call_cases import calling
from case_table import CASES, Case, X, rows
from function_cases import Module
from keras_cases import Subclassed, functional, in_lists, sequential
from session_cases import graph_of_constants, session_with
from table_cases import session_with_tables
from tf_keras_cases import tagger

__all__ = [
    "CASES",
    "Case",
    "Module",
    "Subclassed",
    "X",
    "calling",
    "functional",
    "graph_of_constants",
    "in_lists",
    "rows",
    "sequential",
    "session_with",
    "session_with_tables",
    "tagger",
]
