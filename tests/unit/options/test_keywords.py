"""The keywords of the Python API are those of the options."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_keywords_are_those_declared() -> None:
    """keywords.py is what its script writes; if it is not: python docs/generate_keywords.py."""
    module = runpy.run_path(str(ROOT / "docs" / "generate_keywords.py"))["module"]

    assert (ROOT / "provisioner" / "options" / "keywords.py").read_text(encoding="utf-8") == module()
