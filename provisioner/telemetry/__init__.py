"""OpenTelemetry: spans of rows and their requests, metrics, and their export. An extra installs its libraries.

``export`` opens everything and closes it within a time limit · ``observer`` observes the rows of an account ·
``row_spans`` makes spans of a row · ``instruments`` are the metrics · ``delivery`` the exporters, which count what
did not arrive · ``environment`` what the variables OTEL_… say · ``resource`` what the process says of itself.
"""
