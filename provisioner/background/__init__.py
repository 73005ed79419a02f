"""Runs a command in a thread of its own, for a program that calls it.

``call`` reads what is asked for, ``arguments`` its types · ``job_thread`` the thread and its event loop ·
``stop_events`` the caller's events as requests to stop · ``callback_interface`` progress by callback.
"""
