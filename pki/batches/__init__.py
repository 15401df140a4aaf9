"""Many certificates from one file: what its lines ask for, and whether all of it can be done."""
