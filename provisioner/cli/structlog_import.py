"""Import of structlog without rich.

Where rich is installed, structlog imports it for the tracebacks of its own console output, which this program does
not use: a hundred modules, and a tenth of the time until the first request.
"""

import sys
from importlib import import_module
from typing import Any


def import_structlog() -> None:
    """Import structlog so that it does not import rich; rich can be imported afterwards.

    Only the command line calls this: a library would change structlog for the whole application.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    modules["rich"] = None  # for the import system, it is not installed
    try:
        import_module("structlog")
    finally:
        del modules["rich"]
