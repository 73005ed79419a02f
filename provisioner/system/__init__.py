"""What the operating system and the interpreter give: files, signals, tracebacks, and texts of others."""
