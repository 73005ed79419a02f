"""The command ``provisioner check``: validate the input and print the plan without calling Twilio."""

from provisioner.models.summary import Summary
from provisioner.options import CheckOptions

from .console import Console
from .options import argument, command


@command(
    CheckOptions,
    argument("files", "FILE...", is_many=True),
    common=(
        *("key", "address_sid", "preset", "map", "set", "first_message", "rate"),
        *("sheet", "hidden_rows", "all", "show_values", "verbose", "json"),
    ),
    examples=(
        ("Look at a CRM's export", "provisioner check export.csv --preset auto"),
        ("See where each field comes from", "provisioner check customers.csv --key crm_id -v"),
        ("List every invalid row of several files", "provisioner check 'exports/*.csv' --all"),
    ),
)
def check(files: tuple[str, ...], options: CheckOptions, console: Console) -> Summary:
    """Read and validate everything, call nothing, print the plan.

    Exit code 0 means that every row can be sent, 4 that some rows are invalid.
    """
    from .check_text import check_lines
    from .performing import perform_on_terminal

    summary = perform_on_terminal(files, options, console, "asyncio")
    for line in check_lines(summary, is_verbose=options.verbose):
        console.print(line)
    return summary
