"""What the kernel is to be told: a valid tree lowered, less what is there, as ordered writes."""
