"""A run drawn as text for other programs: traces, pages, drawings. Pure."""
