"""Drafts in, verdicts out: addresses, recipient patterns and the rules of a grant.

Everything here is pure: the clock, the counters and the rows are handed in.
"""
