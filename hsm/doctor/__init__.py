"""What is right and wrong with this machine's tokens: looked at, judged, told as data."""
