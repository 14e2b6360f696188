"""Numbers and columns of a finished run, for whoever prints or draws it. Pure."""
