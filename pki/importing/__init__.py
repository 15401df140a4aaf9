"""Brings authorities and certificates that others made into the register, and loses nothing."""
