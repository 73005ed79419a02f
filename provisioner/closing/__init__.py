"""Closing or deleting the conversations of a job: ``close_workers`` the workers, ``scope`` the conversations."""
