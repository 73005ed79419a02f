"""Numbers with the noun and the verb that fit them."""


def pluralize(what: str, number: int, one: str = "", many: str = "") -> str:
    """Write ``1 row`` or ``2 rows``, followed by ``one`` or ``many``, the verb that fits."""
    return f"{number:,} {what if number == 1 else f'{what}s'} {one if number == 1 else many}".rstrip()
