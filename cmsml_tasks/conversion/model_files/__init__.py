"""Finished models on disk: files of Keras 2 and 3, SavedModels.

They know nothing of freezing or of canonical form.
"""
