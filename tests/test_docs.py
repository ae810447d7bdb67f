"""The promises in the documents: what is generated is fresh, what is named exists, what is shown works."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from agent.cli.main import COMMANDS
from agent.config.reference import example_file, reference_page

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
ANCHOR = re.compile(r"\]\(([^)#\s:]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
COMMAND = re.compile(r"(?:^|`|/)meetbot ([a-z][a-z-]*)", re.M)
CODE_PATH = re.compile(r"`((?:agent|tests|docs|systemd|bench|\.ci)/[\w./-]*)`")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    ("path", "render"), [("config.example.toml", example_file), ("docs/configuration.md", reference_page)]
)
def test_what_is_generated_is_fresh(path, render):
    assert (ROOT / path).read_text() == render(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / unquote(target)).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_into_a_page_lead_to_a_heading(page):
    for target, anchor in ANCHOR.findall(page.read_text()):
        headings = HEADING.findall((page.parent / target if target else page).read_text())
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_that_are_shown_exist(page):
    assert set(COMMAND.findall(page.read_text())) <= COMMANDS.keys()


def test_the_index_of_the_documents_leads_to_each():
    index = ROOT / "docs" / "README.md"
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {index.name}
    assert pages <= set(LINK.findall(index.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_paths_that_are_named_exist(page):
    for target in CODE_PATH.findall(page.read_text()):
        assert (ROOT / target).exists(), target


def test_commands_the_readme_shows_can_be_made():
    known = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    for page in ("README.md", "CONTRIBUTING.md"):
        shown = set(re.findall(r"\bmake (\w+)", (ROOT / page).read_text()))
        assert shown <= known


def test_the_first_screen_of_the_readme_shows_the_two_commands():
    first_screen = (ROOT / "README.md").read_text().splitlines()[:40]
    assert any("make demo" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)


def test_make_help_names_every_target_a_person_may_want():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "lint", "bench", "run", "docs", "lock"):
        assert f"make {target} " in done.stdout
