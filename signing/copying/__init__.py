"""Copies of documents: made of what was judged, to be signed by the agency that copies."""
