"""HTML of the controls of the dashboard."""

from .controls import ControlState
from .markup import escape


def controls_form(state: ControlState) -> str:
    """Return the form of the controls, which the page's script shows to whoever has the token."""
    return (
        '<form id="controls" hidden>'
        f"{_button('pause', 'Pause', is_enabled=state.pause)}"
        f"{_button('resume', 'Resume', is_enabled=state.resume)}"
        f'<span><label for="rate">Rate</label> <input id="rate" name="rate" value="{escape(state.rate)}" '
        'placeholder="4/s" autocomplete="off" spellcheck="false"> '
        f"{_button('rate', 'Set rate', is_enabled=False)}</span>"
        f"{_button('stop', 'Stop', is_enabled=state.stop)}</form>"
        '<p id="said" role="status"></p>'
    )


def _button(action: str, label: str, *, is_enabled: bool) -> str:
    disabled = "" if is_enabled else " disabled"
    return f'<button type="button" data-action="{action}"{disabled}>{label}</button>'
