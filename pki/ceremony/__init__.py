"""Key ceremonies: the file that describes one, its transcript, and the replay. Touches no token."""
