"""The commands, one module each. ``cli`` and ``provisioner.api`` call them through ``perform``."""
