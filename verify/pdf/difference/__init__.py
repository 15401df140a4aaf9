"""What one revision of a document changed of the one before it, each rule near its clause."""
