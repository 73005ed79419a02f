"""Groups of options, which are frozen dataclasses."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from provisioner.options import ExportOptions, StatusOptions, TelemetryOptions, option


class Wider(TelemetryOptions):
    """A group that inherits another."""

    size: int = option(3, "A size.")


def test_options_that_are_not_given_have_their_defaults() -> None:
    """A group takes keywords and fills in the others, inherited ones first."""
    assert repr(Wider(size=4)) == "Wider(otel=False, size=4)"
    assert [each.name for each in fields(Wider)] == ["otel", "size"]
    assert Wider(otel=True) == replace(Wider(), otel=True) != Wider()
    assert {Wider(size=4), Wider(size=4)} == {Wider(size=4)}
    assert StatusOptions() != ExportOptions()


def test_an_unknown_option_is_refused() -> None:
    """A mistyped keyword is an error."""
    with pytest.raises(TypeError, match="Wider has no option length, sizes"):
        Wider(sizes=4, length=2)  # type: ignore[call-arg]


def test_options_are_never_changed() -> None:
    """An option is neither assigned nor deleted."""
    options = Wider()

    with pytest.raises(FrozenInstanceError):
        options.size = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del options.size
