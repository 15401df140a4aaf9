"""Keeps a home alive: lists and signers that renew themselves, and alarms."""
