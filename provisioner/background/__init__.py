"""Runs a command on a thread of its own for a Python program that calls it.

``call`` reads the options and starts the job · ``arguments`` the types and checks of the arguments ·
``job_thread`` the thread and its event loop · ``stop_events`` the caller's events as requests to stop ·
``callback_interface`` progress by callback.
"""
