"""Import of structlog without rich and greenlet.

Where rich is installed, structlog imports it for the tracebacks of its own console output, which this program does
not use: a hundred modules, and a tenth of the time until the first request. Where greenlet is installed, as beside
Playwright and SQLAlchemy, structlog imports it for values of a thread, which are not used either: a library in C++
and 1.1 MiB of memory.
"""

import sys
from importlib import import_module
from typing import Any

_UNUSED = ("rich", "greenlet")
"""Packages that structlog imports where they are installed, and that nothing of this program needs."""


def import_structlog() -> None:
    """Import structlog so that it imports neither rich nor greenlet; both can be imported afterwards.

    Only the command line calls this: a library would change structlog for the whole application.
    """
    modules: dict[str, Any] = sys.modules
    if "structlog" in modules:
        return
    hidden = [name for name in _UNUSED if name not in modules]
    modules.update(dict.fromkeys(hidden))  # None: for the import system, it is not installed
    try:
        import_module("structlog")
    finally:
        for name in hidden:
            del modules[name]
