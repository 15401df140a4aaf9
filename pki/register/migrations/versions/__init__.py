"""One file a version; `vNNNN` makes version NNNN of the one before."""
