"""Numbers with a noun and a verb in singular or plural."""


def pluralize(what: str, number: int, one: str = "", many: str = "") -> str:
    """Return ``1 row`` or ``2 rows`` for the noun ``what``, followed by its verb: ``one`` or ``many``."""
    return f"{number:,} {what if number == 1 else f'{what}s'} {one if number == 1 else many}".rstrip()
