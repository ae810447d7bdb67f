"""What changed between two versions of a summary."""

from agent.model.summary import ActionItem, Decision, Statement, Summary, Topic
from agent.rules.differences import Difference, compare

FIRST = Summary(
    title="Pricing review",
    tldr=(Statement(text="The price of the basic plan goes up."),),
    topics=(Topic(title="Pricing", points=("Basic plan",)),),
    decisions=(
        Decision(text="The basic plan costs 12 euros from May."),
        Decision(text="No discount for resellers."),
    ),
    action_items=(ActionItem(text="Write to the customers", owner="Host Person"),),
)


def test_a_version_that_says_the_same_has_no_differences() -> None:
    assert compare(FIRST, FIRST.model_copy(update={"engine": "openai"})) == ()


def test_added_removed_and_reworded_statements_are_told_apart() -> None:
    second = FIRST.model_copy(
        update={
            "decisions": (
                Decision(text="The basic plan costs 14 euros from May."),
                Decision(text="Support moves to weekdays."),
            )
        }
    )
    assert compare(FIRST, second) == (
        Difference(
            "decisions",
            added=("Support moves to weekdays.",),
            removed=("No discount for resellers.",),
            changed=(("The basic plan costs 12 euros from May.", "The basic plan costs 14 euros from May."),),
        ),
    )


def test_a_new_owner_is_a_change_of_the_action() -> None:
    other = (ActionItem(text="Write to the customers", owner="Guest Person"),)
    (difference,) = compare(FIRST, FIRST.model_copy(update={"action_items": other}))
    assert difference.section == "action_items"
    assert difference.count == 1
