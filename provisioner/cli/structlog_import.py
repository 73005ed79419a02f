"""Import of structlog without rich.

Where rich is installed, structlog imports it for the tracebacks of its own console output, which this program does
not use: a hundred modules, and a tenth of the time until the first request.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _WithoutRich(MetaPathFinder):
    """Finder by which rich seems not to be installed."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002 - importlib's signature
    ) -> ModuleSpec | None:
        """Raise ``ModuleNotFoundError`` for rich; leave all other modules to the next finder."""
        if fullname == "rich":
            raise ModuleNotFoundError(name=fullname)
        return None


def import_structlog() -> None:
    """Import structlog so that it does not import rich; rich can be imported afterwards.

    Only the command line calls this: a library would change structlog for the whole application.
    """
    if "structlog" in sys.modules:
        return
    finder = _WithoutRich()
    sys.meta_path.insert(0, finder)
    try:
        import_module("structlog")
    finally:
        sys.meta_path.remove(finder)
