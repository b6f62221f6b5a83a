"""Rows that are no history: accounts, letters on their way, files. The SQL, and nothing that decides.

Whoever works with one of them names its module.
"""
