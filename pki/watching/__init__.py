"""Certificates of other authorities: followed, reconciled with the people, counted."""
