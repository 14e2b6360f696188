"""One module a subcommand: gather, one action, one renderer. Each is imported when it is used."""
