"""The file of ``--accounts``: what is read from it, and what is refused with its line and its cure."""

from pathlib import Path

import pytest

from provisioner.errors import InputError, ProvisionerError, UsageError
from provisioner.models.accounts import CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.planning.accounts import read_accounts

NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"
ADDRESS = "IG" + 32 * "a"
HEADER = "account_sid,credentials,name,address_sid,rate"
SECRET = "0123456789abcdef0123456789abcdef"


def read(folder: Path, text: str, name: str = "accounts.csv") -> JobAccounts:
    """Write a file of accounts, and read it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_accounts(str(path))


def refusal(folder: Path, *lines: str) -> str:
    """Return message and cure with which a table with these lines is refused, having seen no secret in them."""
    with pytest.raises(ProvisionerError) as refused:
        read(folder, "\n".join([*lines, ""]))
    text = f"{refused.value.message}; {refused.value.cure}"
    assert SECRET[1:] not in text
    assert SECRET[1:] not in repr(refused.value.__cause__)
    return text.removeprefix(f"{folder}/")


def test_each_line_is_an_account(tmp_path: Path) -> None:
    """Case, blanks and underscores in the names of columns do not matter; a line without a text is none."""
    table = f"Account SID;Credentials;Rate\n {NORTH} ;env:NORTH;5/s\n;;\n{SOUTH};profile: south ;\n"
    objects = (
        f'[{{"accountSid": "{NORTH}", "credentials": "ENV:NORTH", "name": "North", "addressSid": "{ADDRESS}"}}]'
    )

    of_table, of_objects = read(tmp_path, table), read(tmp_path, objects, "accounts.json")

    place = CredentialsPlace(CredentialsKind.ENVIRONMENT, "NORTH")
    profile = CredentialsPlace(CredentialsKind.PROFILE, "south")
    assert list(of_table) == [
        JobAccount(sid=NORTH, credentials=place, rate="5/s", line=2),
        JobAccount(sid=SOUTH, credentials=profile, line=4),
    ]
    assert list(of_objects) == [
        JobAccount(sid=NORTH, credentials=place, name="North", address_sid=ADDRESS, line=1)
    ]


def test_an_account_is_found_by_its_sid_or_its_name(tmp_path: Path) -> None:
    """A name is found in any case and with blanks around it, a SID only as it is written."""
    accounts = read(tmp_path, f"{HEADER}\n{NORTH},env:N,Straße,,\nACabcdef{26 * '0'},env:S,,,\n")

    first, second = accounts
    found = [accounts.find(text) for text in (NORTH, " STRASSE ", second.sid, second.sid.upper(), "", "South")]
    assert found == [first, first, second, None, None, None]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([HEADER], "accounts.csv: has no account; its columns are"),
        (["account_sid,rate", f"{NORTH},5/s"], "accounts.csv, line 2: has no credentials; fill it"),
        ([HEADER, ",env:N,,,"], "line 2: has no account_sid"),
        ([f"{HEADER},rates", f"{NORTH},env:N,,,,5/s"], "line 2: the column 'rates' is none of this file's"),
        ([f"{HEADER},Rate", f"{NORTH},env:N,,,1,2"], "line 2: has several columns for rate"),
        ([HEADER, "AC12,env:N,,,"], "account_sid is not the SID of an account: AC and 32 hexadecimal digits"),
        ([HEADER, f"{NORTH},env:N,,,", f"{NORTH},env:S,,,"], "line 3: has the account_sid of line 2"),
        ([HEADER, f"{NORTH},env:N,A,,", f"{SOUTH},env:S,a,,"], "line 3: has the name of line 2"),
        ([HEADER, f"{NORTH},env:N,{SOUTH},,"], "line 2: name is the SID of another account"),
        ([HEADER, f"{NORTH},env:N,,IG12,"], "line 2: address_sid is not the SID of a Conversations Address"),
        ([HEADER, f"{NORTH},env:N,,,fast"], "line 2: rate 'fast' is not a rate from"),
        ([HEADER, f"{NORTH},env:N-1,,,"], "line 2: credentials is neither env:PREFIX, where"),
        ([HEADER, f"{NORTH},profile:,,,"], "line 2: credentials is neither env:PREFIX, where"),
        ([HEADER, f"{NORTH},NORTH,,,"], "nor profile:NAME of twilio-cli; keep secrets out of this file"),
        ([HEADER, f"{NORTH},env:N"], "line 2: has 2 fields, the header has 5"),
    ],
)
def test_a_line_that_is_no_account_is_named_with_its_cure(lines: list[str], says: str, tmp_path: Path) -> None:
    """Nothing is guessed: an account with a wrong rate, address or key would harm somebody's website."""
    assert says in refusal(tmp_path, *lines)


@pytest.mark.parametrize(
    "lines",
    [
        [HEADER, f"{NORTH},SK{SECRET}:{SECRET},,,"],
        [HEADER, f"{NORTH},{NORTH}:{SECRET},,,"],
        [HEADER, f"{NORTH},env:{SECRET.replace('0', 'x')},,,"],
        [HEADER, f"{NORTH},{SECRET},,,"],
        [HEADER, f"{NORTH},env:N,{SECRET},,"],
        [HEADER, f"{NORTH},env:N,SK{SECRET},,"],
        [f"{HEADER},auth token", f"{NORTH},env:N,,,,x"],
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(lines: list[str], tmp_path: Path) -> None:
    """Such files are mailed about; the message says where secrets belong."""
    assert "line 2: " in (text := refusal(tmp_path, *lines))
    assert "keep secrets out of this file" in text


def test_a_file_without_names_of_columns_does_not_show_its_first_line(tmp_path: Path) -> None:
    """What stands where a name should be may be a secret."""
    text = refusal(tmp_path, f"{NORTH},SK{SECRET}:{SECRET}", f"{SOUTH},env:S")

    assert text.startswith("accounts.csv, line 2: a column without a name is none of this file's; the columns are")


def test_the_accounts_are_one_file(tmp_path: Path) -> None:
    """Stdin may be the input; of several files nobody could say which line is meant."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"{HEADER}\n{NORTH},env:N,,,\n")
    errors = []

    for name in ("-", f"{tmp_path}/*.csv", f"{tmp_path}/gone.csv"):
        with pytest.raises((UsageError, InputError)) as refused:
            read_accounts(name)
        errors.append(refused.value.message)

    assert ["stdin" in errors[0], "several files" in errors[1], "gone.csv" in errors[2]] == [True, True, True]
