"""Floor 6: the commands, and what they print."""
