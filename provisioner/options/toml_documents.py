"""TOML files that people write, with what can be wrong with them."""

import tomllib
from typing import Any

from provisioner.errors import UsageError


def parse_toml(text: str, name: str, *, cure_of_number: str) -> dict[str, Any]:
    """Parse the text of a TOML file; raise ``UsageError`` for what cannot be parsed.

    ``name`` stands for the file in errors. ``cure_of_number`` says what to write instead of a number that is too
    long.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}", cure="fix the file at that place") from error
    except ValueError as error:
        # Python reads no whole number of more than 4,300 digits, and tomllib passes that on as it is.
        raise UsageError(f"{name}: holds a number that is too long", cure=cure_of_number) from error
    except RecursionError as error:
        raise UsageError(f"{name}: is nested too deeply", cure="write it flat") from error
