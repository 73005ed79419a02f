"""Operating system and interpreter: files, signals, clocks, logging, tracebacks, and printable text."""
