import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.summary import ActionItem, Brief, Decision, Question, Statement, Summary, Topic
from agent.model.transcript import Entry
from agent.rules.grounding import grounded

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
BRIEF = Brief(meeting_title="Launch of the billing service", roster=("Host Person", "Dana Example"))
SAID = [
    ("Host Person", "The launch of the billing service is on Friday the 14th of March."),
    ("Guest Person", "The migration costs 1,500 dollars and takes twenty five minutes."),
    ("Host Person", "We decided to keep the old pricing page."),
    (
        "Guest Person",
        "I will send the rollback plan by Wednesday, see https://wiki.example/rollback for the draft.",
    ),
    ("Host Person", "Does the Reykjavik office know about it?"),
    ("Guest Person", 'The customer wrote: "we will not pay twice" in the ticket.'),
]


def entries(said=SAID, language="en-US"):
    return [
        Entry(speaker, text, TEN + timedelta(seconds=30 * n), TEN + timedelta(seconds=30 * n + 20), language)
        for n, (speaker, text) in enumerate(said)
    ]


def checked(*, drop=False, said=SAID, **parts):
    summary = Summary(**({"title": "Launch"} | parts))
    return grounded(summary, entries(said), BRIEF, drop_unverified=drop)


def verdict(text: str, *cites: int, said=SAID) -> bool:
    (kept,) = checked(tldr=[Statement(text=text, cites=cites or (1,))], said=said).summary.tldr
    return kept.verified


@pytest.mark.parametrize(
    ("text", "cite"),
    [
        ("The billing service will be launched on Friday, March 14.", 1),
        ("The migration takes 25 minutes and costs 1500 dollars.", 2),
        ("The migration will cost $1,500.", 2),
        ("The old pricing page stays.", 3),
        ("Host Person asked about the Reykjavik office.", 5),
        ("Dana's billing launch was discussed.", 1),
        ("A customer insisted: “we will not pay twice”.", 6),
        ("The launch is on Freitag.", 1),
        ("Everyone will see the launch.", 1),
    ],
)
def test_what_was_said_is_verified(text, cite):
    assert verdict(text, cite)


@pytest.mark.parametrize(
    ("text", "cite"),
    [
        ("The launch is on Monday.", 1),
        ("The launch is on March 15.", 1),
        ("The launch is in April.", 1),
        ("The migration costs 2,500 dollars.", 2),
        ("Host Person asked about the Lisbon office.", 5),
        ("Zoltan will send the rollback plan.", 4),
        ("The plan was praised by Acme Corporation.", 4),
        ("A customer insisted: “we will never pay”.", 6),
        ("Nobody mentioned kangaroos during breakfast.", 3),
    ],
)
def test_what_was_not_said_is_marked(text, cite):
    assert not verdict(text, cite)


def test_a_statement_without_an_existing_citation_is_marked_and_cites_nothing():
    (kept,) = checked(
        tldr=[Statement(text="The launch is on Friday.", cites=(0, -1, 7, 999_999))]
    ).summary.tldr
    assert (kept.cites, kept.verified) == ((), False)


def test_citations_that_exist_are_kept_once_and_in_order():
    (kept,) = checked(tldr=[Statement(text="The launch is on Friday.", cites=(3, 1, 99, 1))]).summary.tldr
    assert (kept.cites, kept.verified) == ((1, 3), True)


def test_a_citation_of_something_else_altogether_is_marked():
    long = [
        ("Host Person", f"Small talk number {word}.")
        for word in ("alpha", "beta", "gamma", "delta", "epsilon")
    ]
    assert verdict("The billing launch is close.", 1, said=[*SAID, *long])
    assert not verdict("The billing launch is close.", 11, said=[*SAID, *long])


def test_unverified_statements_are_dropped_by_setting_and_counted_in_a_note():
    parts = {
        "tldr": [
            Statement(text="The launch is on Friday.", cites=(1,)),
            Statement(text="It is in April.", cites=(1,)),
        ],
        "decisions": [Decision(text="Everything moves to Lisbon.", cites=(3,))],
    }
    marked, dropped = checked(**parts), checked(**parts, drop=True)
    assert (len(marked.summary.tldr), len(marked.summary.decisions)) == (2, 1)
    assert (len(dropped.summary.tldr), len(dropped.summary.decisions)) == (1, 0)
    assert (marked.unverified, dropped.unverified, dropped.statements) == (2, 2, 3)
    assert "2 statement(s) were left out" in dropped.summary.notes[0].text


@pytest.mark.parametrize(
    ("owner", "kept"),
    [("Guest Person", "Guest Person"), ("Dana Example", "Dana Example"), ("Dana", "Dana"), ("Zoltan", None)],
)
def test_an_owner_is_on_the_roster_or_was_named(owner, kept):
    item = ActionItem(text="Send the rollback plan.", owner=owner, cites=(4,))
    (action,) = checked(action_items=[item]).summary.action_items
    assert action.owner == kept


@pytest.mark.parametrize(
    ("owner", "verified"),
    [("Guest Person", True), ("Host Person", True), ("Lee", True), ("Dana Example", False)],
)
def test_an_owner_spoke_or_was_named_where_the_task_was(owner, verified):
    filler = [("Host Person", "And so on and so forth.")] * 8
    task = ("Guest Person", "I will send the rollback plan, and Lee can help.")
    said = [*filler, task, *filler, ("Dana Example", "Yes.")]
    item = ActionItem(text="Send the rollback plan.", owner=owner, cites=(9,))
    (action,) = checked(action_items=[item], said=said).summary.action_items
    assert action.verified is verified


def test_a_number_said_of_something_else_is_not_borne_out():
    filler = [("Host Person", "And so on and so forth.")] * 8
    said = [*SAID[:2], *filler, ("Host Person", "The training costs 900 dollars.")]
    assert verdict("The training costs 900 dollars.", 11, said=said)
    assert not verdict("The training costs 1,500 dollars.", 11, said=said)
    assert verdict("The migration costs 1,500 dollars, the training 900.", 2, 11, said=said)


def test_a_number_of_the_title_may_stand_anywhere():
    told = Summary(title="x", tldr=(Statement(text="Release 4.2 keeps the old pricing page.", cites=(3,)),))
    brief = BRIEF.model_copy(update={"meeting_title": "Release 4.2"})
    assert grounded(told, entries(), brief).summary.tldr[0].verified


def test_points_of_a_topic_rest_on_all_that_lies_between_its_citations():
    filler = [("Host Person", "And so on and so forth.")] * 8
    said = [*SAID[:1], *filler, SAID[1], *filler, SAID[2]]
    topic = Topic(title="Launch", points=("The migration costs 1,500 dollars.",), cites=(1, 19))
    (found,) = checked(topics=[topic], said=said).summary.topics
    assert found.verified


@pytest.mark.parametrize(
    ("due", "kept"),
    [
        ("Wednesday", "Wednesday"),
        ("by Wednesday", "by Wednesday"),
        ("on Wednesday, at noon", "on Wednesday, at noon"),
        ("Thursday", None),
        ("2026-03-04", None),
        ("next month", None),
    ],
)
def test_a_due_time_was_said_near_the_citation(due, kept):
    item = ActionItem(text="Send the rollback plan.", owner="Guest Person", due=due, cites=(4,))
    (action,) = checked(action_items=[item]).summary.action_items
    assert (action.due, action.verified) == (kept, kept is not None)


def test_a_due_time_said_elsewhere_does_not_count():
    filler = [("Host Person", "And so on and so forth.")] * 8
    item = ActionItem(text="Tell the Reykjavik office.", due="Wednesday", cites=(13,))
    (action,) = checked(action_items=[item], said=[SAID[3], *filler, *SAID[:3], SAID[4]]).summary.action_items
    assert action.due is None


def test_somebody_unknown_owns_nothing():
    said = [("Unknown speaker", "I will send the rollback plan.")]
    item = ActionItem(text="Send the rollback plan.", owner="Unknown speaker", cites=(1,))
    (action,) = checked(action_items=[item], said=said).summary.action_items
    assert (action.owner, action.verified) == (None, True)


def test_only_known_people_agreed():
    item = Decision(text="Keep the old pricing page.", agreed_by=("Host Person", "Zoltan"), cites=(3,))
    (decision,) = checked(decisions=[item]).summary.decisions
    assert (decision.agreed_by, decision.verified) == (("Host Person",), False)


def test_points_of_a_topic_are_checked_one_by_one():
    topic = Topic(title="Migration", points=("It costs 1,500 dollars.", "It costs 9 dollars."), cites=(2,))
    (marked,) = checked(topics=[topic]).summary.topics
    (dropped,) = checked(topics=[topic], drop=True).summary.topics
    assert not marked.verified
    assert (dropped.points, dropped.verified) == (("It costs 1,500 dollars.",), True)


@pytest.mark.parametrize(
    "title", ["Launch in April", "<b>Launch</b>", "Launch https://evil.example", "Meeting in Lisbon"]
)
def test_a_title_that_was_not_said_gives_way_to_the_invitations(title):
    assert checked(title=title).summary.title == "Launch of the billing service"


@pytest.mark.parametrize(
    "text",
    [
        "The launch is on Friday ![x](https://evil.example/p.png)",
        "The launch [is](https://evil.example) on Friday",
        "The launch is on Friday ![x][ref]",
        "[ref]: https://evil.example/p.png",
        "The launch <img src=x onerror=alert(1)> is on Friday",
        "The launch <script>alert(1)</script>",
        "The launch is on Friday, see https://evil.example/billing",
        "The launch is on Friday, see www.evil.example",
        "The launch is on Friday, see evil.example/launch",
        "Mail launch@evil.example about Friday",
        "The launch javascript:alert(1)",
        "The launch data:text/html;base64,PHNjcmlwdD4=",
        "The launch <!-- hidden -->",
        "The launch ```code```",
    ],
)
@pytest.mark.parametrize(
    "place", ["tldr", "topics", "points", "decisions", "action_items", "open_questions", "owner"]
)
def test_a_statement_with_planted_matter_is_left_out(text, place):
    cites = (1,)
    made = {
        "tldr": {"tldr": [Statement(text=text, cites=cites)]},
        "topics": {"topics": [Topic(title=text, cites=cites)]},
        "points": {"topics": [Topic(title="Launch", points=("The launch.", text), cites=cites)]},
        "decisions": {"decisions": [Decision(text=text, cites=cites)]},
        "action_items": {"action_items": [ActionItem(text=text, cites=cites)]},
        "open_questions": {"open_questions": [Question(text=text, cites=cites)]},
        "owner": {"action_items": [ActionItem(text="Launch.", owner=text[:120], cites=cites)]},
    }[place]
    found = checked(**made)
    assert found.summary.statements() == ()
    assert found.foreign == 1
    assert "left out" in found.summary.notes[0].text


def test_an_address_that_was_said_may_stay():
    assert verdict("The draft is at https://wiki.example/rollback.", 4)


def test_an_address_in_a_display_name_or_title_was_not_said():
    brief = BRIEF.model_copy(
        update={"meeting_title": "https://evil.example", "roster": ("www.evil.example",)}
    )
    text = "The launch is at https://evil.example or www.evil.example."
    found = grounded(Summary(title="x", tldr=(Statement(text=text, cites=(1,)),)), entries(), brief)
    assert found.summary.tldr == ()
    assert found.summary.title == "x"


def test_emphasis_is_taken_off_and_invisible_characters_too():
    (kept,) = checked(
        tldr=[Statement(text="The **launch**\u202e is\u200b on\x00 Friday\n!", cites=(1,))]
    ).summary.tldr
    assert kept.text == "The launch is on Friday !"


def test_in_a_language_that_capitalises_nouns_only_pairs_are_names():
    said = [("Host Person", "Wir haben über die Kosten der Migration gesprochen und verschieben den Start.")]
    text = "Die Verschiebung des Starts wegen der Kosten der Umstellung wurde besprochen."
    german = entries(said, "de-DE")
    summary = Summary(title="x", language="de", tldr=(Statement(text=text, cites=(1,)),))
    assert grounded(summary, german, BRIEF).summary.tldr[0].verified
    invented = Summary(
        title="x", language="de", tldr=(Statement(text="Die Kosten trägt Erika Mustermann.", cites=(1,)),)
    )
    assert not grounded(invented, german, BRIEF).summary.tldr[0].verified


def test_a_summary_in_another_language_is_not_asked_for_shared_words():
    summary = Summary(
        title="x", language="de", tldr=(Statement(text="Der Preis bleibt am Freitag gleich.", cites=(1,)),)
    )
    assert grounded(summary, entries(), BRIEF).summary.tldr[0].verified


def test_writing_without_spaces_is_compared_by_pairs_of_characters():
    said = [("Host Person", "予算の承認は来週の会議で決定します。")] + [
        ("Host Person", "天気がいいですね。")
    ] * 9
    japanese = entries(said, "ja-JP")
    summary = Summary(
        title="x",
        language="ja",
        tldr=(
            Statement(text="予算の承認を決定する。", cites=(1,)),
            Statement(text="予算の承認を決定する。", cites=(9,)),
        ),
    )
    assert [s.verified for s in grounded(summary, japanese, BRIEF).summary.tldr] == [True, False]


@given(st.text(max_size=200), st.lists(st.integers(-5, 20), max_size=5))
def test_whatever_a_model_says_comes_out_as_one_clean_line_with_existing_citations(text, cites):
    found = checked(tldr=[Statement(text=text, cites=tuple(cites))])
    for kept in found.summary.tldr:
        assert kept.text
        assert all(c.isprintable() or c in "\u200c\u200d" for c in kept.text)
        assert all(1 <= n <= len(SAID) for n in kept.cites)
        assert kept.cites or not kept.verified
    assert found.statements == 1


@given(st.text(alphabet="<>[]()!`ab:/.", max_size=60))
def test_no_tag_or_markdown_link_survives(text):
    for kept in checked(tldr=[Statement(text=f"launch {text}", cites=(1,))]).summary.tldr:
        assert not re.search(r"<[a-z/!]|\[[^\]]*\]\(", kept.text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("この会議では価格と発売日について話し合われました。", True),
        ("価格は「9,800円に決定しました」。", True),
        ("価格は「9,900円に決定します」。", False),
        ("価格は8,000円です。", False),
    ],
)
def test_japanese_words_are_no_names_and_its_quotes_are_looked_up(text, holds):
    said = [("企画 担当", "では、価格は9,800円に決定しました。"), ("営業 担当", "発売日は未定です。")]
    told = Summary(title="会議", tldr=(Statement(text=text, cites=(1, 2)),), language="ja")
    found = grounded(told, entries(said, "ja-JP"), Brief(meeting_title="会議")).summary
    assert found.tldr[0].verified is holds


def test_a_japanese_due_time_is_looked_up_without_spaces():
    said = [("開発 担当", "はい、金曜日までに仕様書を送ります。")]
    items = (
        ActionItem(text="仕様書を送ります。", owner="開発 担当", due="金曜日までに", cites=(1,)),
        ActionItem(text="仕様書を送ります。", owner="開発 担当", due="木曜日までに", cites=(1,)),
    )
    told = Summary(title="会議", action_items=items, language="ja")
    found = grounded(told, entries(said, "ja-JP"), Brief(meeting_title="会議")).summary
    assert [(one.due, one.verified) for one in found.action_items] == [("金曜日までに", True), (None, False)]


def test_words_of_a_script_without_capitals_are_no_names():
    said = [("مدير المشروع", "قررنا أن يكون إطلاق النظام يوم 15 مارس.")]
    told = Summary(
        title="x", tldr=(Statement(text="موعد إطلاق النظام هو 15 مارس.", cites=(1,)),), language="ar"
    )
    assert grounded(told, entries(said, "ar-SA"), Brief(meeting_title="")).summary.tldr[0].verified
