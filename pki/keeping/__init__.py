"""Backups: how they are encrypted, what they hold, and what is asked before one counts."""
