"""The kernel's own files, below any root."""
