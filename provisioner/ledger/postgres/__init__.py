"""Ledger in a schema of a PostgreSQL database. No other package imports ``asyncpg``."""
