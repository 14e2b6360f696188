"""Floor 1: the usched language, text to statements and back. Pure."""
