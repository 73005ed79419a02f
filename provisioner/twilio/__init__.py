"""Everything that is known about Twilio, and the only HTTP client: one attempt at a time, told by evidence."""
