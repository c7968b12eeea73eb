"""The tests, in the rooms of the product; what they share is in `tests.support`."""
