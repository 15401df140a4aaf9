"""Agencies, people, posts and devices, as commands ask for them and tell of them."""
