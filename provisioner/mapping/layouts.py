"""Where every text of a row stands among one list of columns: worked out once, used for every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.models import FIELDS, Mapped

from .header import Header
from .keys import key_getter
from .rules import Rules
from .supplies import Supplier, Supply, named_columns
from .targets import MEMBER
from .templates import Getter, Values, constant

_NOTHING = Supply(constant(""))


@dataclass(frozen=True, slots=True)
class Layout:
    """Sorts the values of a record to what they are for.

    ``texts`` get the fields in the order of ``FIELDS``, then the key; ``members`` the pre-engagement values.
    """

    texts: tuple[Getter, ...]
    members: tuple[tuple[str, Getter], ...]
    columns_by_field: dict[str, str]
    unused: tuple[str, ...]
    missing: tuple[str, ...]

    def never_seen(self) -> tuple[str, ...]:
        """Return the columns that rules ask for and that are not there."""
        return self.missing

    def __call__(self, values: Values) -> Mapped:
        """Map one record that has these columns, all of them."""
        members = {name: text for name, get in self.members if (text := get(values))}
        sid, chat, name, data, identity, ui_version, message, key = [get(values) for get in self.texts]
        return Mapped(sid, chat, name, data, identity, ui_version, message, key, members, self.columns_by_field)


def lay_out(rules: Rules, header: Header, *, is_open_ended: bool) -> Layout:
    """Work out the layout of a source's columns; raise ``UsageError`` when they contradict the rules.

    Where ``is_open_ended``, a record is one of many shapes, and what it lacks is no fault.
    """
    supplier = Supplier(header, is_open_ended=is_open_ended)
    named = named_columns(header, tuple(rules.chosen))
    supplies = {target: supplier.by_name(position) for target, position in named.items()}
    supplies |= {target: supplier.by_rule(rule) for target, rule in rules.chosen.items()}
    for target, rule in rules.spare.items():
        spare = supplier.by_rule(rule)
        supplies[target] = supplies[target].or_else(spare) if target in supplies else spare
    if "address_sid" not in supplies and not is_open_ended:
        raise header.fault(
            "nothing gives the Conversations Address of the WebChats",
            cure="give --address-sid IG…, set PROVISIONER_ADDRESS_SID, or add a column address_sid",
        )
    key = key_getter([supplier.column(name, "--key") for name in rules.key])
    return Layout(
        texts=(*(supplies.get(field, _NOTHING).get for field in FIELDS), key),
        members=_members(supplies),
        columns_by_field=_columns(supplies, rules.key),
        unused=supplier.unused,
        missing=tuple(supplier.missing),
    )


def _members(supplies: Mapping[str, Supply]) -> tuple[tuple[str, Getter], ...]:
    # By name, so that columns that changed places give the same JSON, and the row keeps its digest.
    targets = sorted(target for target in supplies if target.startswith(MEMBER))
    return tuple((target.removeprefix(MEMBER), supplies[target].get) for target in targets)


def _columns(supplies: Mapping[str, Supply], key: Sequence[str]) -> dict[str, str]:
    columns = {target: ", ".join(supply.columns) for target, supply in supplies.items() if supply.columns}
    if key:
        columns["key"] = ", ".join(key)
    return columns
