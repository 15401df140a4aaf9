"""Requests to an authority: who may do what, what exactly is approved, and by when."""
