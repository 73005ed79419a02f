"""Makes the README fit for an index page: links that lead into the repository cannot be followed from there."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?!\w+:|#)(?P<target>[^)]*)\)")


class CustomMetadataHook(MetadataHookInterface):
    """Sets the readme of the distribution, where ``pyproject.toml`` calls it dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the README into the metadata, with links that can be followed or with none."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index_page(text, source)}


def for_index_page(text: str, source: str) -> str:
    """Return a README whose relative links lead to ``source``, the repository's address, or are plain text."""
    if not source:
        return _LINK.sub(lambda link: "" if link["image"] else link["text"], text)
    return _LINK.sub(
        lambda link: f"{link['image']}[{link['text']}]({source}/{_way(link)}/HEAD/{link['target']})", text
    )


def _way(link: re.Match[str]) -> str:
    return "raw" if link["image"] else "blob"
