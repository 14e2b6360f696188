"""Floor 4: files, the registry's store, the host. Everything takes its root directory."""
