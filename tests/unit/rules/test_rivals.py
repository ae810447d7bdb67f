"""Who is a rival, by name."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.rivals import Context, Kind, Verdict, chat_signature, classify, expected_rivals, unsafe

NAMES = tomllib.loads((Path(__file__).parent / "names.toml").read_text("utf-8"))
NOBODY = Context(own_name="Meetbot")


def rival_labels() -> list[str]:
    data = NAMES["rivals"]
    made = [shape.format(brand=brand) for brand in data["brands"] for shape in data["shapes"]]
    return [*data["labels"], *made]


def human_labels() -> list[str]:
    data = NAMES["humans"]
    full = [
        f"{given} {family}" for one in data["cultures"] for given in one["given"] for family in one["family"]
    ]
    decorated = [shape.format(name=name) for name in full for shape in data["decorations"]]
    return [*data["labels"], *decorated]


def kind_of(name: str, context: Context = NOBODY) -> Kind:
    return classify(name, context).kind


def test_at_least_95_of_100_rivals_are_found():
    labels = rival_labels()
    missed = [label for label in labels if kind_of(label) is not Kind.RIVAL]
    assert len(labels) >= 300
    assert len(missed) <= len(labels) * 0.05, missed


def test_no_human_of_any_culture_is_flagged():
    labels = human_labels()
    flagged = {label: classify(label, NOBODY).rule for label in labels if kind_of(label) is not Kind.HUMAN}
    assert len(labels) >= 1000
    assert flagged == {}


@pytest.mark.parametrize(
    "label",
    ["Dana's presentation", "Dana’s Presentation", "Backgrounds and effects", "devices/107", "spaces/abc/devices/9",
     "keep_outline", "frame_person", "Google Participant (12)", "", "  ", "\u200b"],
)  # fmt: skip
def test_rows_that_are_nobody_are_neither_human_nor_rival(label: str):
    assert kind_of(label) is Kind.PSEUDO


def test_people_may_stand_behind_merged_audio():
    assert classify("Merged audio", NOBODY) == Verdict(Kind.PSEUDO, rule="merged audio", crowd=True)


@pytest.mark.parametrize(
    ("label", "vendor"),
    [("Dana's Notetaker (Otter.ai)", "Otter"), ("Gong Notetaker", "Gong"), ("Dana's Fathom Notetaker", "Fathom"),
     ("tl;dv recorder", "tl;dv"), ("Norma - Supernormal", "Supernormal"), ("Acme Notetaker", "unknown"),
     ("Dana's Circleback (Unverified)", "Circleback"), ("read.ai meeting notes", "Read")],
)  # fmt: skip
def test_a_verdict_names_the_vendor_and_the_rule(label: str, vendor: str):
    verdict = classify(label, NOBODY)
    assert verdict.vendor == vendor
    assert verdict.rule


def test_the_operators_allowed_name_is_a_person_whatever_it_says():
    assert kind_of("Acme Notetaker", replace(NOBODY, allow=("acme notetaker",))) is Kind.HUMAN


def test_an_allowed_vendors_bot_is_no_rival_and_no_company_either():
    verdict = classify("Fireflies.ai Notetaker Dana", replace(NOBODY, allow=("Fireflies",)))
    assert (verdict.kind, verdict.vendor) == (Kind.PSEUDO, "Fireflies")


def test_an_invited_person_of_that_very_name_is_a_person():
    invited = replace(NOBODY, invited=(("Gong", "gong@example.com"),))
    assert kind_of("Gong", invited) is Kind.HUMAN
    assert kind_of("Gong Recorder", invited) is Kind.RIVAL


def test_a_note_takers_own_address_on_the_invitation_does_not_make_it_a_person():
    invited = replace(NOBODY, invited=(("Fireflies Notetaker", "fred@fireflies.ai"),))
    assert kind_of("Fireflies Notetaker", invited) is Kind.RIVAL


def test_somebody_cleared_during_the_call_is_a_person():
    assert kind_of("Dana (Notes)", replace(NOBODY, cleared=frozenset({"dana (notes)"}))) is Kind.HUMAN


def test_the_bots_own_ghost_is_neither_company_nor_rival():
    assert kind_of("Acme Notetaker", replace(NOBODY, own_name="Acme Notetaker")) is Kind.PSEUDO


def test_extra_patterns_are_added_to_the_built_in_ones():
    extended = replace(NOBODY, extra_patterns=(r"^northwind helper\b",))
    assert kind_of("Northwind Helper 2") is Kind.HUMAN
    assert kind_of("Northwind Helper 2", extended) is Kind.RIVAL
    assert kind_of("Otter.ai", extended) is Kind.RIVAL


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*b", r"(a)\1", "(?=a)a", "a*b*c*d*", "a" * 300, "(", "a?" * 20, "((a)(b))((c)(d))"],
)
def test_a_pattern_that_could_take_long_is_refused_and_not_run(pattern: str):
    assert unsafe(pattern)
    assert kind_of("a" * 100, replace(NOBODY, extra_patterns=(pattern,))) is Kind.HUMAN


@pytest.mark.parametrize(
    "pattern", [r"^acme.*helper$", r"\bnw[\s_-]?bot\b", "(foo|bar) assistant", r"x\.ai", "[^(+]x"]
)
def test_an_ordinary_pattern_is_accepted(pattern: str):
    assert unsafe(pattern) == ""


def test_invited_addresses_and_chat_lines_are_evidence():
    assert expected_rivals(
        [("", "Fred@fireflies.ai"), ("", "acme@assistant.gong.io"), ("", "a@example.com")]
    ) == (
        ("Fireflies", "fred@fireflies.ai"),
        ("Gong", "acme@assistant.gong.io"),
    )
    assert chat_signature("Follow along: https://otter.ai/u/abc") == "Otter"
    assert chat_signature("I'm taking notes for this meeting") == "unknown"
    assert chat_signature("I like otters") == ""


def test_one_piece_of_evidence_is_no_verdict_but_two_of_one_vendor_are():
    invited = replace(NOBODY, invited=(("", "bot@otter.ai"),))
    signed = frozenset({("robin", "Otter")})
    assert kind_of("Robin", invited) is Kind.HUMAN
    assert kind_of("Robin", replace(NOBODY, signed=signed)) is Kind.HUMAN
    assert classify("Robin", replace(invited, signed=signed)) == Verdict(
        Kind.RIVAL, "Otter", "chat signature and invited address"
    )


@given(st.text(max_size=300))
def test_any_name_gets_a_verdict(name: str):
    assert kind_of(name) in Kind
