"""Who may summon the bot, change what was agreed, and be answered."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.model.authenticity import Authenticity, Signature
from agent.model.invite import Attendee, Component, ParsedMail
from agent.rules.trust import (
    Binding,
    Claim,
    ReplyCase,
    TrustPolicy,
    change_key,
    judge,
    matching_rule,
    my_line,
    options_of,
    recipient,
    should_reply,
)

HOST = Claim("host@example.com", "host@example.com")
NOTHING = Authenticity(from_domain="example.com")
ALIGNED = Authenticity(
    from_domain="example.com",
    signatures=(Signature(domain="example.com", verdict="pass"),),
    dmarc="pass",
    aligned="example.com",
)
GOOGLE = Authenticity(
    from_domain="example.com",
    signatures=(Signature(domain="google.com", verdict="pass"),),
    dmarc="fail",
    google=True,
)
SILENT_DNS = Authenticity(
    from_domain="example.com",
    signatures=(Signature(domain="example.com", verdict="temperror"),),
    dmarc="temperror",
)
TRICKED = ALIGNED.model_copy(update={"faults": ("two From fields",)})
EXAMPLE = TrustPolicy(allow=("example.com",))
ENFORCED = replace(EXAMPLE, verify="enforce")
OFF = replace(EXAMPLE, verify="off")


@pytest.mark.parametrize(
    ("entry", "address", "covered"),
    [
        ("host@example.com", "host@example.com", True),
        ("Host@Example.com", "host@example.com", True),
        ("host@example.com", "other@example.com", False),
        ("example.com", "host@example.com", True),
        ("@example.com", "host@example.com", True),
        ("*@example.com", "host@example.com", True),
        ("example.com", "host@sub.example.com", False),
        ("example.com", "host@notexample.com", False),
        ("example.com", "host@example.com.evil.example", False),
        ("*", "anyone@anywhere.example", True),
        ("", "host@example.com", False),
    ],
)
def test_allow_rules(entry, address, covered):
    assert bool(matching_rule(address, TrustPolicy(allow=(entry,)))) is covered


def test_a_registered_user_may_invite():
    judgement = judge(HOST, NOTHING, TrustPolicy(registered={"host@example.com"}))
    assert (judgement.verdict, judgement.rule) == ("accept", "allowed")
    assert "registered" in judgement.reason


def test_a_stranger_is_held_with_the_reason():
    judgement = judge(HOST, ALIGNED, TrustPolicy())
    assert (judgement.verdict, judgement.rule) == ("hold", "stranger")
    assert "host@example.com" in judgement.reason


@pytest.mark.parametrize("claim", [Claim("bot@bot.example"), Claim("host@example.com", "bot@bot.example")])
def test_the_bots_own_messages_are_ignored(claim):
    assert judge(claim, NOTHING, replace(EXAMPLE, own={"Bot@bot.example"})).verdict == "ignore"


def test_a_mail_from_nobody_is_held():
    assert judge(Claim(""), NOTHING, TrustPolicy(allow=("*",))).rule == "no_sender"


def test_an_assistant_may_act_for_an_allowed_organizer_of_the_same_domain():
    boss = TrustPolicy(allow=("boss@example.com",))
    assert judge(Claim("assistant@example.com", "boss@example.com"), NOTHING, boss).verdict == "accept"
    assert judge(Claim("someone@evil.example", "boss@example.com"), NOTHING, boss).verdict == "hold"


def test_whoever_forwards_an_invitation_needs_to_be_allowed():
    boss = TrustPolicy(allow=("boss@example.com",))
    assert (
        judge(Claim("guest@example.com", "boss@example.com", forwarded=True), NOTHING, boss).verdict == "hold"
    )


@pytest.mark.parametrize(
    ("policy", "authenticity", "verdict"),
    [
        (EXAMPLE, NOTHING, "accept"),
        (EXAMPLE, ALIGNED, "accept"),
        (EXAMPLE, TRICKED, "accept"),
        (ENFORCED, NOTHING, "hold"),
        (ENFORCED, SILENT_DNS, "hold"),
        (ENFORCED, TRICKED, "hold"),
        (ENFORCED, ALIGNED, "accept"),
        (ENFORCED, GOOGLE, "accept"),
        (OFF, NOTHING, "accept"),
    ],
)
def test_verdicts_are_obeyed_only_when_enforced(policy, authenticity, verdict):
    assert judge(HOST, authenticity, policy).verdict == verdict


VERIFIED = Binding("host@example.com", "example.com", 1)
UNVERIFIED = Binding("host@example.com", "example.com", 0)


@pytest.mark.parametrize(
    ("claim", "authenticity", "policy", "binding", "rule"),
    [
        (HOST, ALIGNED, EXAMPLE, VERIFIED, "bound"),
        (HOST, GOOGLE, EXAMPLE, VERIFIED, "bound"),
        (HOST, NOTHING, EXAMPLE, UNVERIFIED, "bound"),
        (HOST, NOTHING, EXAMPLE, VERIFIED, "less_trust"),
        (HOST, SILENT_DNS, EXAMPLE, VERIFIED, "bound"),
        (HOST, SILENT_DNS, ENFORCED, VERIFIED, "less_trust"),
        (HOST, TRICKED, EXAMPLE, VERIFIED, "less_trust"),
        (HOST, NOTHING, OFF, VERIFIED, "bound"),
        (Claim("other@example.com", "host@example.com"), ALIGNED, EXAMPLE, VERIFIED, "bound"),
        (Claim("evil@evil.example", "host@example.com"), ALIGNED, EXAMPLE, VERIFIED, "other_sender"),
        (Claim("evil@evil.example", "host@example.com"), NOTHING, EXAMPLE, UNVERIFIED, "other_sender"),
        (
            Claim("evil@evil.example", "evil@evil.example"),
            ALIGNED,
            TrustPolicy(allow=("*",)),
            VERIFIED,
            "other_sender",
        ),
        (Claim("delegate@else.example", "host@example.com"), GOOGLE, EXAMPLE, VERIFIED, "bound"),
        (Claim("host@example.com"), ALIGNED, EXAMPLE, VERIFIED, "bound"),
    ],
)
def test_a_change_needs_the_trust_of_what_it_changes(claim, authenticity, policy, binding, rule):
    assert judge(claim, authenticity, policy, binding).rule == rule


def test_a_change_of_a_held_meeting_by_someone_no_longer_allowed_still_counts():
    assert judge(HOST, NOTHING, TrustPolicy(), UNVERIFIED).verdict == "accept"


def test_a_new_meeting_is_bound_to_who_sent_it():
    assert judge(HOST, ALIGNED, EXAMPLE).binding == VERIFIED


def test_explain_has_every_verdict():
    rules = [finding.rule for finding in judge(HOST, TRICKED, EXAMPLE).findings]
    assert rules == ["dkim", "spf", "dmarc", "header", "allowed"]


@pytest.mark.parametrize(
    ("address", "base", "tags"),
    [
        ("notes@bot.example", "notes@bot.example", ()),
        ("Notes+Silent@Bot.Example", "notes@bot.example", ("silent",)),
        ("notes+de+private@bot.example", "notes@bot.example", ("de", "private")),
        ("notes++@bot.example", "notes@bot.example", ()),
    ],
)
def test_addresses_with_tags(address, base, tags):
    found = recipient(address)
    assert (found.address, found.base, found.tags) == (address, base, tags)


def test_tags_are_options_and_the_last_one_wins():
    assert options_of(["notes+silent+de@bot.example"]) == {"recap": False, "summary_language": "de"}
    assert options_of(["notes+private@b.example", "notes+everyone@b.example"]) == {"recipients": "invited"}
    assert options_of(["notes+nonsense@bot.example", "notes@bot.example"]) == {}


def attendee(raw="Notes@bot.example", **more):
    return Attendee(email=raw.lower(), raw=raw, **more)


def request(**changed):
    fields = {
        "uid": "u",
        "method": "REQUEST",
        "organizer": Attendee(email="host@example.com", raw="host@example.com"),
        "attendees": (attendee(),),
        "stamped_at": datetime(2026, 11, 1, tzinfo=UTC),
        **changed,
    }
    return Component(**fields)


def test_our_line_is_the_address_the_mail_was_sent_to():
    both = request(attendees=(attendee("notes@bot.example"), attendee("notes+silent@bot.example")))
    assert my_line(both, ["notes+silent@bot.example"]).raw == "notes+silent@bot.example"
    assert my_line(request(), ["Notes+Tag@bot.example"]).raw == "Notes@bot.example"
    assert my_line(request(attendees=()), ["notes@bot.example"]) is None


CASE = ReplyCase(
    mail=ParsedMail(from_email="host@example.com"),
    envelope_from="host@example.com",
    component=request(),
    me=attendee(rsvp=True),
    answer="ACCEPTED",
    own={"notes@bot.example"},
)


def test_an_invitation_is_answered():
    assert should_reply(CASE) == replace(should_reply(CASE), send=True)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"component": request(method="CANCEL", cancelled=True)}, "only_requests_are_answered"),
        ({"component": request(method="PUBLISH")}, "only_requests_are_answered"),
        ({"component": request(organizer=None)}, "no_organizer"),
        ({"component": request(organizer=attendee())}, "own_address"),
        ({"mail": ParsedMail(from_email="notes@bot.example")}, "own_address"),
        ({"envelope_from": ""}, "null_sender"),
        ({"envelope_from": "<>"}, "null_sender"),
        ({"mail": ParsedMail(from_email="h@example.com", is_report=True)}, "report"),
        (
            {"mail": ParsedMail(from_email="h@example.com", auto_submitted="auto-replied; x=y")},
            "automatic_answer",
        ),
        (
            {"mail": ParsedMail(from_email="h@example.com", list_id="<l.example.com>"), "me": None},
            "mailing_list",
        ),
        ({"mail": ParsedMail(from_email="h@example.com", precedence="bulk"), "me": None}, "mailing_list"),
        ({"me": None}, "not_listed"),
        ({"mail": ParsedMail(from_email="h@example.com", forwarded=True)}, "not_listed"),
        ({"me": attendee(no_reply=True)}, "reply_unwanted"),
        ({"me": attendee(partstat="ACCEPTED")}, "already_answered"),
        ({"answered": {change_key(request(), "notes@bot.example")}}, "once_per_change"),
        ({"authenticity": NOTHING.model_copy(update={"dmarc": "fail"})}, "forged"),
        ({"authenticity": TRICKED}, "forged"),
        ({"verify": "enforce"}, "unverified"),
        ({"replies_to_sender_last_hour": 30}, "sender_rate"),
        ({"replies_last_hour": 300}, "rate"),
    ],
)
def test_what_is_not_answered(change, rule):
    ruling = should_reply(replace(CASE, **change))
    assert (ruling.send, ruling.rule) == (False, rule)


@pytest.mark.parametrize(
    "change",
    [
        {
            "mail": ParsedMail(from_email="h@example.com", auto_submitted="auto-generated")
        },  # as Google marks them
        {"mail": ParsedMail(from_email="h@example.com", list_id="<l.example.com>")},
        {"me": attendee()},
        {"me": attendee(partstat="ACCEPTED", rsvp=True)},
        {"verify": "enforce", "authenticity": ALIGNED},
        {"verify": "off", "authenticity": TRICKED},
        {"answered": {change_key(request(sequence=1), "notes@bot.example")}},
    ],
)
def test_what_is_answered(change):
    assert should_reply(replace(CASE, **change)).send


def test_each_address_and_each_instance_is_a_change_of_its_own():
    instance = request(only_instances=True, recurrence_ids=("2026-11-23T09:00:00Z",))
    keys = {
        change_key(request(), "a@b.example"),
        change_key(request(), "a+t@b.example"),
        change_key(instance, "a@b.example"),
    }
    assert len(keys) == 3
    assert change_key(request(), "A@b.example") in keys
