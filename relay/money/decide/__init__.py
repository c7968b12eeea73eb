"""What decides: pure values and functions, without any input or output."""
