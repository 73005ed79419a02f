"""Rules of the form in which the address of an input is shown."""

import pytest

from provisioner.system.addresses import masked_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://crm.example/export.csv", "https://crm.example/export.csv"),
        ("https://ada:pass@crm.example:8443/a.csv", "https://***@crm.example:8443/a.csv"),
        ("https://a-token@crm.example/a.csv?X-Amz-Signature=1f#part", "https://***@crm.example/a.csv?***"),
        ("HTTPS://crm.example/@ada/a.csv?sv=1&sig=2", "HTTPS://crm.example/@ada/a.csv?***"),
        ("https://ada:pa/ss@crm.example/a.csv", "https://***"),
        ("https://ada:pa?ss@crm.example/a.csv", "https://***"),
        ("s3://bucket/[ab]?.csv", "s3://bucket/[ab]?.csv"),
        ("s3://key:sec/ret@bucket/a.csv", "s3://key:***@bucket/a.csv"),
        ("az://container/a.csv?sv=1&sig=2", "az://container/a.csv?***"),
        ("abfs://container@account.dfs.example/a.csv", "abfs://container@account.dfs.example/a.csv"),
        ("folder/a.csv?sig=1", "folder/a.csv?sig=1"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_secret(address: str, shown: str) -> None:
    """The user and the query of a web address may be tokens; the rest says which input it is."""
    assert masked_address(address) == shown
    assert masked_address(shown) == shown
