"""Sends notices: by mail, into a folder, to stdout."""
