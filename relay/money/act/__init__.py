"""What acts: the guard, and each remote write between two commits."""
