"""What the account of a row decides, in a job for many accounts."""

import pytest
from msgspec import structs

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, RecordMapper
from provisioner.models.accounts import CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.options import MappingOptions

NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"
OF_NORTH, OF_ALL, OWN = "IG" + 32 * "1", "IG" + 32 * "2", "IG" + 32 * "3"
PLACE = CredentialsPlace(CredentialsKind.ENVIRONMENT, "X")
ACCOUNTS = JobAccounts(
    "accounts.csv",
    [
        JobAccount(sid=NORTH, name="North", credentials=PLACE, address_sid=OF_NORTH),
        JobAccount(sid=SOUTH, credentials=PLACE),
    ],
)


def bound(
    columns: list[str], options: MappingOptions, accounts: JobAccounts | None = ACCOUNTS, *, is_json: bool = False
) -> RecordMapper:
    """Bind the options of a job for these accounts to a header, or to objects with these names."""
    mapping = structs.replace(Mapping.from_options(options), accounts=accounts)
    return mapping.bind(columns, has_dynamic_columns=is_json, source="people.csv")


def test_the_account_of_a_row_decides_its_address_and_whose_its_key_is() -> None:
    """A column names the account by name or SID; the row's own address comes first, that of all rows last."""
    mapper = bound(["id", "Account SID", "address_sid"], MappingOptions(address_sid=OF_ALL, key=("id",)))
    records = [["1", "north", ""], ["1", SOUTH, ""], ["1", NORTH, OWN], ["", SOUTH, ""], ["1", "West", ""]]

    one_by_one = [mapper(record) for record in records]
    together = mapper.map_columns(records)

    assert [(each.request.account_sid, each.request.address_sid, each.key) for each in one_by_one] == [
        (NORTH, OF_NORTH, f"{NORTH}|1"),
        (SOUTH, OF_ALL, f"{SOUTH}|1"),
        (NORTH, OWN, f"{NORTH}|1"),
        (SOUTH, OF_ALL, ""),
        ("", OF_ALL, "|1"),
    ]
    assert together is not None
    assert together.texts_of("account_sid") == [NORTH, SOUTH, NORTH, SOUTH, ""]
    assert together.keys == [each.key for each in one_by_one]
    assert one_by_one[0].columns["account_sid"] == "Account SID"
    assert mapper.origins["address_sid"] == "column 'address_sid', else --accounts, else --address-sid"


def test_an_account_may_come_from_a_template() -> None:
    """--set names it as any field; objects may name it in some records only, and then the others have none."""
    options = MappingOptions(address_sid=OF_ALL, set=("account_sid={Region}",))

    table, objects = bound(["Region"], options), bound(["Region"], options, is_json=True)

    mapped = [table(["NORTH"]), objects({"Region": SOUTH}), objects({"Name": "Ada"})]
    assert [each.request.account_sid for each in mapped] == [NORTH, SOUTH, ""]
    assert ["account_sid" in each.columns for each in mapped] == [True, True, True]


def test_without_accounts_a_column_of_that_name_fills_nothing() -> None:
    """Exports of other systems have such columns; only a job for many accounts looks at them."""
    mapped = bound(["account_sid", "CustomerFriendlyName"], MappingOptions(address_sid=OF_ALL), None)(
        [NORTH, "Ada"]
    )

    assert (mapped.request.account_sid, mapped.request.customer_friendly_name) == ("", "Ada")
    assert mapped.columns == {"customer_friendly_name": "CustomerFriendlyName"}


@pytest.mark.parametrize(
    ("columns", "options", "accounts", "says"),
    [
        (
            ["Region"],
            MappingOptions(set=("account_sid={Region}",)),
            None,
            "only a job for many accounts has the field",
        ),
        (
            ["id"],
            MappingOptions(address_sid=OF_ALL),
            ACCOUNTS,
            "nothing says in which of the accounts a row is sent",
        ),
        (
            ["account_sid"],
            MappingOptions(),
            JobAccounts("a.csv", list(ACCOUNTS)[1:]),
            "nothing gives the Conversations",
        ),
    ],
)
def test_a_mapping_that_cannot_place_its_rows_is_refused(
    columns: list[str], options: MappingOptions, accounts: JobAccounts | None, says: str
) -> None:
    """Before anything is read: a row would go to the wrong account, or to none."""
    with pytest.raises(UsageError, match=says):
        bound(columns, options, accounts)
