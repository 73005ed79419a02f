"""The text that identifies a row, out of its key columns."""

from collections.abc import Sequence

from .templates import Constant, Getter


def key_getter(getters: Sequence[Getter]) -> Getter:
    """Return what makes a row's key: the text of one column verbatim, or those of several ``join_key``."""
    match getters:
        case []:
            return Constant("")
        case [getter]:
            return getter
    return lambda values: join_key([get(values) for get in getters])


def join_key(texts: Sequence[str]) -> str:
    r"""Join texts injectively: different lists of the same length give different keys.

    ``|`` stands between them; a ``|`` or a ``\`` inside one is escaped with a ``\``. Empty texts only come to
    an empty text.
    """
    if not any(texts):
        return ""
    return "|".join([text.replace("\\", r"\\").replace("|", r"\|") for text in texts])
