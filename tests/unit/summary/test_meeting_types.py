import pytest

from agent.errors import Misconfigured
from agent.model.summary import Brief
from agent.summary.meeting_types import chosen, load

TYPES = load()


def test_every_built_in_template_is_read():
    assert set(TYPES) == {"general", "one_on_one", "standup", "sales", "interview", "board"}


@pytest.mark.parametrize(
    ("title", "people", "minutes", "name"),
    [
        ("Weekly planning", 5, 60, "general"),
        ("Daily stand-up", 6, 15, "standup"),
        ("Daily stand-up retrospective workshop", 6, 90, "general"),
        ("Host Person / Guest Person 1:1", 2, 30, "one_on_one"),
        ("1:1 all hands", 30, 30, "general"),
        ("Demo for Example Corp", 4, 45, "sales"),
        ("Interview backend engineer", 3, 45, "interview"),
        ("Vorstellungsgespräch", 3, 45, "interview"),
        ("Board meeting Q3", 8, 120, "board"),
        ("取締役会", 8, 120, "board"),
        ("Dashboard review", 4, 30, "general"),
        ("", 4, 30, "general"),
    ],
)
def test_a_template_is_chosen_by_title_size_and_length(title, people, minutes, name):
    assert chosen(TYPES, Brief(meeting_title=title, template="auto"), people, minutes) == name


def test_a_template_asked_for_by_name_wins():
    assert chosen(TYPES, Brief(meeting_title="Daily stand-up", template="board"), 5, 15) == "board"


def test_an_unknown_name_is_as_good_as_none():
    assert chosen(TYPES, Brief(meeting_title="Daily stand-up", template="nonesuch"), 5, 15) == "standup"


def test_users_add_templates_and_replace_built_in_ones(tmp_path):
    (tmp_path / "retro.toml").write_text(
        'label = "Retro"\norder = 1\nguidance = "What went well."\n[when]\ntitles = ["retro"]\n'
    )
    (tmp_path / "general.toml").write_text('label = "Ours"\nguidance = "Be brief."\n')
    own = load(tmp_path)
    assert own["general"].label == "Ours"
    assert chosen(own, Brief(meeting_title="Sprint Retro", template="auto"), 5, 60) == "retro"


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("retro.toml", "label = ", "Invalid value"),
        ("retro.toml", 'label = "Retro"', "guidance"),
        ("retro.toml", 'label = "Retro"\nguidance = "x"\nlenght = 3', "lenght"),
        ("retro.toml", 'label = "Retro"\nguidance = "x"\n[when]\ntitles = ["("]', "unterminated"),
        ("Retro Übung.toml", 'label = "Retro"\nguidance = "x"', "name must be"),
    ],
)
def test_a_wrong_template_is_named_with_its_fault(tmp_path, name, text, fault):
    (tmp_path / name).write_text(text)
    with pytest.raises(Misconfigured, match="correct or remove it") as caught:
        load(tmp_path)
    assert name in caught.value.safe
    assert fault in caught.value.safe


def test_a_template_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "retro.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="cannot be read"):
        load(tmp_path)
