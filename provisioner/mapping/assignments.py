"""Reads the options that say where a text comes from."""

import difflib
from collections.abc import Iterable

from provisioner.errors import UsageError
from provisioner.models import FIELDS

from .rules import Rule
from .targets import MEMBER, target_of
from .templates import Template, parse

_IDENTITY_MODES = ("", "auto", "none")


def read_assignments(assignments: Iterable[str]) -> dict[str, Rule]:
    """Read every ``FIELD=TEMPLATE`` into a rule by target."""
    rules: dict[str, Rule] = {}
    for assignment in assignments:
        field, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment!r} has no '='", cure="write it as --set FIELD=TEMPLATE")
        target = target_of(field)
        if not target:
            raise _unknown_field(field)
        if target in rules:
            raise UsageError(f"--set {target} is given twice", cure="give it once")
        origin = f"--set {target}"
        is_identity = target == "identity"
        rules[target] = Rule(origin, _identity(text, origin) if is_identity else parse(text, origin))
    return rules


def identity_template(text: str) -> Template:
    """Read ``--identity``; of the modes without a template, return the empty one."""
    return Template.literal("") if text in _IDENTITY_MODES else _identity(text, "--identity")


def require_unicode(texts: Iterable[str]) -> None:
    """Raise ``UsageError`` when a text holds bytes that the terminal could not make sense of."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{text!a} is not text in this terminal's encoding", cure="set the locale to UTF-8"
            ) from error


def _identity(text: str, origin: str) -> Template:
    template = parse(text, origin)
    if text and not template.columns:
        raise UsageError(
            f"{origin}: {text!r} names no column, so every guest would have the same identity",
            cure="name the column that tells rows apart, as in crm-{Id}",
        )
    return template


def _unknown_field(field: str) -> UsageError:
    near = difflib.get_close_matches(field.casefold(), FIELDS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    listed = ", ".join((*FIELDS, f"{MEMBER}<name>"))
    return UsageError(f"--set: there is no field {field!r}", cure=f"{hint}the fields are: {listed}")
