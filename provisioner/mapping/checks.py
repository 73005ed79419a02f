"""Mistakes in a mapping that the columns of an input show: rules that can be followed, and were hardly meant."""

from collections.abc import Iterator

from provisioner.system.printable import quoted

from .field_sources import FieldSourceBuilder
from .header import Header, fold_name
from .preset_files import matching_presets, preset_hint
from .rules import FieldRules, Rule

_WITH_TEXTS = ("first_message", "identity")
"""The options for all rows whose text is a template."""


def require_no_column_as_text(rules: FieldRules, header: Header) -> None:
    """Raise ``UsageError`` for a template without a column whose text is the name of one: its braces are missing.

    A preset is not looked at: its texts are ours.
    """
    columns = {fold_name(name): name for name in reversed(header.columns)}
    for rule in _rules_of_user(rules):
        for text in (choice.text for choice in rule.choices if not choice.columns):
            if (folded := fold_name(text)) and folded in columns:
                column = columns[folded]
                raise header.fault(
                    f"{rule.origin}: every row would get the text {quoted(text)}, and a column is called so",
                    cure=f"did you mean {{{column}}}?",
                )


def _rules_of_user(rules: FieldRules) -> Iterator[Rule]:
    preset = rules.preset.rules
    yield from (rule for target, rule in rules.explicit.items() if rule is not preset.get(target))
    yield from (rules.fallback[target] for target in _WITH_TEXTS if target in rules.fallback)


def require_fitting_preset(rules: FieldRules, header: Header, *, has_dynamic_columns: bool) -> None:
    """Raise ``UsageError`` when the preset needs a column that is not there, and another one knows the columns.

    Where none does, whoever follows the rules says which column is missing.
    """
    builder = FieldSourceBuilder(header, has_dynamic_columns=has_dynamic_columns, found=set())
    misfit = next((rule for rule in rules.of_preset if not builder.fits(rule)), None)
    if misfit is None or any(each.preset == rules.preset.name for each in matching_presets(header.columns)):
        return
    if hint := preset_hint(header.columns):
        asked = " or ".join(map(quoted, misfit.columns))
        raise header.fault(f"--preset {rules.preset.name} does not fit: there is no column {asked}", cure=hint)
