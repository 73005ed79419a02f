"""What each command does, one module a command; ``cli`` parses, calls one of these and prints."""
