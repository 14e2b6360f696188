"""Floor 0: errors, the cpu set, and the nouns of usched-model(7). Knows the standard library."""
