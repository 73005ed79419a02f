"""Parser of TOML files written by users; turns syntax errors into ``UsageError``."""

from typing import Any

from provisioner.errors import UsageError


def parse_toml(text: str, name: str, *, cure_of_number: str) -> dict[str, Any]:
    """Return a TOML text as a dict; raise ``UsageError`` for text that cannot be parsed.

    ``name`` is the file's name in errors. ``cure_of_number`` is the cure in the error for a number of too many
    digits.
    """
    import tomllib  # noqa: PLC0415 - most runs have no file in TOML

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}", cure="fix the file at that place") from error
    except ValueError as error:
        # Python converts no text of more than 4,300 digits to an int; tomllib lets that ValueError pass.
        raise UsageError(f"{name}: holds a number that is too long", cure=cure_of_number) from error
    except RecursionError as error:
        raise UsageError(f"{name}: is nested too deeply", cure="write it flat") from error
