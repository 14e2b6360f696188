"""Share out the CPUs of a machine between recursive userland schedulers."""

__version__ = "0.2.0.dev0"
