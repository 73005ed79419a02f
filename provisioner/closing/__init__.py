"""Closing or deleting the conversations of a job, or of an account.

``scope`` and ``account_scan`` say which conversations · ``close_workers`` closes or deletes them ·
``interaction_step`` closes their interactions first · ``guest_workers`` deletes their guests afterwards.
"""
