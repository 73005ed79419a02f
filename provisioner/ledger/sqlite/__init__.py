"""The ledger as a SQLite file. The only package that imports ``sqlite3``."""
