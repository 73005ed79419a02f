"""Runs a command in a thread of its own, for a program that calls it.

``job_thread`` the thread and its event loop · ``stop_events`` the caller's events as requests to stop ·
``callback_interface`` progress by callback.
"""
