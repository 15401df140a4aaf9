"""Agencies, people, posts and devices: what may be said of them, and how files say it."""
