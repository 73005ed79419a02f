"""The command line: its table of contents, and a module for each command in it."""

COMMANDS = {
    "check": "Read and validate everything, call nothing, print the plan.",
    "run": "Create one WebChat for every row; the same command resumes.",
    "status": "Tell what has become of a job, also while it runs.",
    "export": "Write the results of a job again, in any format.",
    "reconcile": "Settle unknown rows by asking Twilio; nothing is created.",
    "mapping": "Print a mapping file to start from: of a preset, or for an export.",
    "report": "Write one self-contained HTML page about a job; several are compared.",
    "load": "Send rows as they would arrive, and judge how it went.",
    "close": "Close or delete the conversations that a job made.",
    "simulate": "Play Twilio on this machine, with scripted faults.",
}
"""Every command with its one line of help; ``provisioner.cli.NAME`` holds it under its own name.

Standing here, they can be listed without importing what the commands need.
"""

CONFIG = f"{__name__}.config"
"""The key in click's ``meta`` under which the name of the configuration file stands."""
