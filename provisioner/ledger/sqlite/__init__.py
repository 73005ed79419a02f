"""Ledger in a SQLite file. No other package imports ``sqlite3``."""
