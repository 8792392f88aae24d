"""The little language over the columns of a file.

It knows nothing of files, features and recipes.
"""
