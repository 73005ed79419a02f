"""Command line: the names and help lines of all commands. Each command has a module of its own name."""

COMMANDS = {
    "check": "Read and validate everything, call nothing, print the plan.",
    "run": "Create one WebChat for every row; the same command resumes.",
    "worker": "Join the run of a job whose ledger is in a database: one more worker.",
    "status": "Show the state of a job, also while it runs.",
    "export": "Write the results of a job again, in any format.",
    "reconcile": "Settle unknown rows by asking Twilio; nothing is created.",
    "mapping": "Print a mapping file to start from: of a preset, or for an export.",
    "report": "Write one self-contained HTML page about a job, several compared, or the trend of a schedule.",
    "load": "Run a load test: send rows on an arrival schedule and check the figures.",
    "close": "Close or delete the conversations that a job made.",
    "simulate": "Run a simulated Twilio on this machine, with scripted faults.",
}
"""Help line of each command, by name, in the order of ``--help``.

The command ``NAME`` is the object ``NAME`` of the module ``provisioner.cli.NAME``. The lines are kept here so that
``--help`` can list the commands without importing their modules.
"""

PROGRAM_COMMANDS = {
    "completion": "Print the script that completes commands, options and files in a shell.",
    "help": "Show the help of a command, or of the program.",
}
"""Help line of each command about the program itself, in ``provisioner.cli.program_commands``."""

CONFIG = f"{__name__}.config"
"""Key in click's ``Context.meta`` under which the path of the configuration file is kept."""

ON_END = "on_end"
"""Key in the object of click's context under which the shell command of ``--on-end`` is kept until it runs."""

COMPLETION_VARIABLE = "_PROVISIONER_COMPLETE"
"""Environment variable by which the script of a shell asks for completions."""
