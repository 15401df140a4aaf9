"""Finds PKCS#11 modules on this machine, and tries each in a process of its own."""
