"""Floor 2: what statements mean on a topology: registry, tree, rules. Pure."""
