"""Protocols between packages of one floor.

``sending`` what sending rows needs · ``user_interface`` what a command shows while it runs.
"""
