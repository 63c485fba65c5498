"""Fills in what a package index shows and only a release knows: where the repository is.

`PORTRAITKIT_REPOSITORY=https://host/owner/portraitkit python -m build` makes the README's links
absolute, as an index has none of the files they lead to, and gives the project's addresses.
Without it the links stay as they are, and there are no addresses.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(!?)(\[[^]]*\]\()(?!https?:|#)")


class ReleaseMetadata(MetadataHookInterface):
    """The description and the addresses of a release."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add `readme` and `urls`."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("PORTRAITKIT_REPOSITORY", "").rstrip("/")
        metadata["urls"] = {}
        if repository:
            tag = f"v{metadata['version']}"
            at = {"": f"{repository}/blob/{tag}/", "!": f"{repository}/raw/{tag}/"}
            text = LINK.sub(lambda link: f"{link[1]}{link[2]}{at[link[1]]}", text)
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{repository}/blob/{tag}/docs/index.md",
                "Changes": f"{repository}/blob/{tag}/CHANGELOG.md",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
