"""What the pages for contributors name is there, and links between pages lead somewhere."""

import re
from pathlib import Path

import pytest

import hrtem_assets

ROOT = Path(__file__).parents[1]
PACKAGE = Path(hrtem_assets.__file__).parent
GUIDES = ("ARCHITECTURE.md", "CONTRIBUTING.md")
PAGES = (*GUIDES, "README.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))
# a path in backticks, or a file of the same folder named after one
NAMED = re.compile(r"`([A-Za-z0-9_./-]+\.(?:py|yaml|json|toml|md|cu)|[a-z_]+/(?:[a-z_]+/)*)`")


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def test_the_tree_of_the_architecture_names_every_room_and_nothing_else():
    tree = text("ARCHITECTURE.md").partition("hrtem_assets/\n")[2].partition("```")[0]
    named = set(re.findall(r"^  ([a-z_]+(?:\.py|/))", tree, re.MULTILINE))
    rooms = {f"{p.name}/" if p.is_dir() else p.name for p in PACKAGE.iterdir() if p.name[0] not in "._"}
    rooms = {name for name in rooms if name.endswith((".py", "/"))} | {"__main__.py"}
    assert named == rooms - {"__init__.py"}


@pytest.mark.parametrize("page", GUIDES)
def test_every_file_that_a_guide_names_is_there(page):
    starts = (ROOT, PACKAGE, ROOT / "hrtem_assets_tests", PACKAGE / "export" / "formats")
    named = [name for name in NAMED.findall(text(page)) if "NAME" not in name]
    assert named
    missing = [name for name in named if not any((start / name).exists() for start in starts)]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_to_files(page):
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", text(page))
    assert not [link for link in links if not ((ROOT / page).parent / link).exists()]
