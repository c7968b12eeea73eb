"""What the people room remembers: the only SQL of the room."""
