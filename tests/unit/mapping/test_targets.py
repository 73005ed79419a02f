"""Which names stand for which fields."""

import pytest

from provisioner.mapping.targets import parse_field


@pytest.mark.parametrize(
    ("name", "target"),
    [
        *((name, "address_sid") for name in ("address_sid", "AddressSid", "ADDRESS SID")),
        *((name, "customer_friendly_name") for name in ("CustomerFriendlyName", "Customer Friendly Name")),
        *((name, "customer_friendly_name") for name in ("customer-friendly-name", "  customer_friendly_name ")),
        ("customer\tFriendly__name", "customer_friendly_name"),
        ("ChatFriendlyName", "chat_friendly_name"),
        ("PreEngagementData", "pre_engagement_data"),
        ("Identity", "identity"),
        ("Ui-Version", "ui_version"),
        ("First Message", "first_message"),
    ],
)
def test_a_field_is_known_by_our_spelling_and_by_twilios(name: str, target: str) -> None:
    """Case, spaces, underscores and hyphens do not matter."""
    assert parse_field(name) == target


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("pre_engagement.plan", "pre_engagement.plan"),
        ("pre_engagement_data.plan", "pre_engagement.plan"),
        ("PreEngagement.Plan Name", "pre_engagement.Plan Name"),
        ("Pre-Engagement-Data. plan_id ", "pre_engagement. plan_id "),
        ("pre_engagement.a.b", "pre_engagement.a.b"),
    ],
)
def test_the_name_of_a_pre_engagement_value_is_kept_verbatim(name: str, target: str) -> None:
    """What follows the first dot is the name in the JSON object, character by character."""
    assert parse_field(name) == target


@pytest.mark.parametrize(
    "name", ["", "name", "friendly_name", "pre_engagement.", "customer.name", ".", "identity.x"]
)
def test_any_other_name_stands_for_nothing(name: str) -> None:
    """A column of another name gives nothing by itself."""
    assert parse_field(name) == ""
