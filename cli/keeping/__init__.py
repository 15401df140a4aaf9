"""Backups on the command line: what goes in, who can open it, what is asked before it counts."""
