"""Key of a row, the text that identifies it, made from its key columns."""

from collections.abc import Sequence

from .templates import Constant, Getter


def key_getter(getters: Sequence[Getter]) -> Getter:
    """Return the getter of a row's key.

    The key is the text of a single column unchanged, the texts of several columns joined by ``join_key``, and
    empty without columns.
    """
    match getters:
        case []:
            return Constant("")
        case [getter]:
            return getter
    return lambda values: join_key([get(values) for get in getters])


def join_key(texts: Sequence[str]) -> str:
    r"""Join texts injectively: different lists of the same length give different keys.

    The separator is ``|``; a ``|`` or ``\`` inside a text is escaped with a ``\``. The key is empty when all texts
    are.
    """
    if not any(texts):
        return ""
    return "|".join([text.replace("\\", r"\\").replace("|", r"\|") for text in texts])
