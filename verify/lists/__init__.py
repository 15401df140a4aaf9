"""Trusted lists: signed XML that says which trust services may be relied on, and since when."""
