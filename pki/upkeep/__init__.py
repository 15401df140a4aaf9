"""What of an authority's own lapses, when, and what is to be done about it before."""
