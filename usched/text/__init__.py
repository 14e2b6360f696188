"""Floor 1: text and plain data to nouns, and back. Pure."""
