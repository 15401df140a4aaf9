"""Plans: many deeds under one approval, carried out in bulk and gone on with after a crash."""
