"""Requests, approvals and roles on the command line."""
