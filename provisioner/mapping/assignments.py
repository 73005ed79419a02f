"""Parser of the options ``--set`` and ``--identity``, which say where the text of a field comes from."""

from collections.abc import Iterable
from difflib import get_close_matches

from provisioner.errors import UsageError
from provisioner.models import FIELDS
from provisioner.system.printable import quoted

from .rules import Rule
from .targets import PRE_ENGAGEMENT_PREFIX, parse_field
from .templates import Template, parse_template

_IDENTITY_MODES = ("", "auto", "none")


def read_assignments(assignments: Iterable[str]) -> dict[str, Rule]:
    """Return the rules of all ``--set FIELD=TEMPLATE`` options: a dict of rule by field.

    Raise ``UsageError`` when one has no ``=``, an unknown or repeated field, an invalid template, or an identity
    without a column.
    """
    rules: dict[str, Rule] = {}
    for assignment in assignments:
        field, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {quoted(assignment)} has no '='", cure="write it as --set FIELD=TEMPLATE")
        target = parse_field(field)
        if not target:
            raise unknown_field(field, "--set")
        if target in rules:
            raise UsageError(f"--set {target} is given twice", cure="give it once")
        origin = f"--set {target}"
        rules[target] = Rule(origin, (template_for(target, text, origin),))
    return rules


def template_for(target: str, text: str, origin: str) -> Template:
    """Parse the template of a target; ``origin`` is the option or file position for error messages.

    Raise ``UsageError`` when the template is not valid, or when an identity names no column, since all guests
    would then share it.
    """
    template = parse_template(text, origin)
    if target == "identity" and text and not template.columns:
        raise UsageError(
            f"{origin}: {quoted(text)} names no column, so every guest would have the same identity",
            cure=f"name the column that tells rows apart, as in crm-{{Id}}; did you mean {{{text}}}?",
        )
    return template


def identity_template(text: str) -> Template:
    """Return the template that ``--identity`` gives; an empty one for the modes ``auto`` and ``none``.

    Raise ``UsageError`` as ``template_for`` does.
    """
    return Template.literal("") if text in _IDENTITY_MODES else template_for("identity", text, "--identity")


def require_unicode(texts: Iterable[str]) -> None:
    """Raise ``UsageError`` when an argument has bytes that could not be decoded in the locale's encoding."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{text!a} is not text in this terminal's encoding", cure="set the locale to UTF-8"
            ) from error


def unknown_field(field: str, origin: str) -> UsageError:
    """Return the error for an unknown field name, with the most similar name and the list of all fields."""
    near = get_close_matches(field.casefold(), FIELDS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    listed = ", ".join((*FIELDS, f"{PRE_ENGAGEMENT_PREFIX}<name>"))
    return UsageError(f"{origin}: there is no field {quoted(field)}", cure=f"{hint}the fields are: {listed}")
