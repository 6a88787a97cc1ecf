"""What MkDocs runs while it builds the site: pages out of the code, and documents that lie outside `docs/`."""

from __future__ import annotations

import re
from pathlib import Path

import site_api
import site_errors
import site_options
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = {
    "third_party/README.md": "third_party/README.md", "third_party/flame.md": "third_party/flame.md",
    "third_party/deca.md": "third_party/deca.md", "third_party/ict.md": "third_party/ict.md",
    "integrations/comfyui/README.md": "comfyui.md", "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}  # fmt: skip
"""Documents by their place in the repository, and their page."""
GENERATED = {
    "options.md": lambda: site_options.page(),
    "troubleshooting.md": lambda: site_errors.page(
        site_errors.collect(ROOT / "ned", Path(__file__).with_name("remedies.yaml"))
    ),
}
"""What stands in place of the line `<!-- generated -->` of a page."""
_MARK = "<!-- generated -->"


def on_config(config):
    """Documents that the navigation does not name yet come last under Reference."""
    named = set(re.findall(r"[\w./-]+\.md", repr(config.nav)))
    here = {path.relative_to(config.docs_dir).as_posix() for path in Path(config.docs_dir).rglob("*.md")}
    reference = next(entry["Reference"] for entry in config.nav if "Reference" in entry)
    reference += sorted(here - named)
    return config


def on_files(files: Files, config) -> Files:
    """Add the documents that lie elsewhere, and the pages of the Python API."""
    for source, target in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=text))
    for name, text in site_api.pages(ROOT / "ned").items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page, config, files) -> str:
    """Fill in what is generated; links to documents outside `docs/` go to their pages."""
    make = GENERATED.get(page.file.src_uri)
    if make is not None:
        if _MARK not in markdown:
            raise ValueError(f"{page.file.src_uri} has no line {_MARK}")
        markdown = markdown.replace(_MARK, make())
    up = "../" * page.file.src_uri.count("/")
    for source, target in OUTSIDE.items():
        markdown = markdown.replace(f"]({up}../{source}", f"]({up}{target}")
    return re.sub(r"\]\(docs/([\w./-]+\.(?:md|jpg|png))", rf"]({up}\1", markdown)
