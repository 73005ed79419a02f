"""Protocols between packages that do not import each other.

``sending`` the protocols that sending rows depends on · ``engine`` what places workers · ``telemetry`` what
exports traces and metrics · ``user_interface`` the output of a command while it runs.
"""
