"""Homes: where they lie, how they are configured, made, opened and examined."""
