#!/usr/bin/env python3
"""Write docs/display.svg, the README's picture of the live display, with the code that draws the display.

Run it after a change to the display: ``python docs/draw_display.py``.
"""

import io
from pathlib import Path

from rich.console import Console
from rich.text import Text

from provisioner.cli.frame import frame
from provisioner.models.progress import Progress

PICTURE = Path(__file__).parent / "display.svg"
COLUMNS = 84
PROGRESS = Progress(
    state="sending",
    total=10_000,
    done=3_412,
    created=3_405,
    rejected=5,
    invalid=2,
    in_flight=3,
    throttled=1,
    rate_now=4.0,
    rate_asked=4.0,
    elapsed_s=853.0,
    eta_s=1_647.0,
)
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {terminal_height}" role="img"
  aria-label="The display of a run: progress, pace and outcomes">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
<rect width="{terminal_width}" height="{terminal_height}" rx="8" fill="#292929"/>
<g transform="translate(9, 9)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""rich's SVG template without the window frame and without fonts from other servers."""


def picture() -> str:
    """Return the picture as SVG."""
    console = Console(
        width=COLUMNS,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    console.print(Text("$ provisioner run customers.csv -o results.csv --key crm_id", style="dim"))
    console.print(frame(PROGRESS, COLUMNS))
    console.print()  # rich makes the picture one line too short
    return console.export_svg(title="", code_format=SVG, unique_id="display")


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
