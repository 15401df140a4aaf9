"""What stands behind `antin serve`: where it listens, and the parts it is made of."""
