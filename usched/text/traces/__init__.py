"""What was recorded elsewhere, as text: each format in a file of its own."""
