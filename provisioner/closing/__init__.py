"""Closing or deleting the conversations of a job: ``worker_pool`` the workers, ``scope`` the conversations."""
