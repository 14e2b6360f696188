"""Floor 5: what a user can do. Each action reads, takes one pure step, and writes."""
