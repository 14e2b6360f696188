"""The dispatcher's speed: `python -m tests.bench` (README, Contributing)."""
