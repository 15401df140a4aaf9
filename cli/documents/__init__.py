"""What officials and clerks do: documents signed and judged, one or many."""
