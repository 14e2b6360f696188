"""Floor 1: what tools and files tell of a machine to a Topology, and back. Pure."""
