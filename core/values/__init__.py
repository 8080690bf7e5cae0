"""Frozen values that every face shares: what is shown, what is asked for, what came of it.

Nothing here imports a database, so that a screen can be painted before one is loaded.
"""
