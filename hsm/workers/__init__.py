"""Processes that sign at the same time with one key of a token; each logs in once."""
