"""Consent during a call: asked, answered, announced, taken back, by chat and by other doors."""

import pytest

from agent.model.call import (
    Admitted,
    AskByMail,
    ChatUnavailable,
    Enter,
    ForgetCapture,
    InLobby,
    Leave,
    Record,
    RosterSeen,
    Said,
    Say,
    StartCapture,
    StopCapture,
    Verb,
)
from agent.model.states import EndReason
from agent.rules.conduct import Consent, Phase, advance
from tests.unit.rules.told_call import (
    GUEST,
    HOST,
    LATE,
    ME,
    RIVAL,
    Call,
    at,
    capturing,
    in_call,
    kinds,
    policy,
)

# Asking


def test_on_admission_one_line_asks_and_the_ledger_says_what_was_shown():
    call = Call()
    call.admitted()
    (said,) = call.all(Say)
    assert said.purpose == "announce"
    assert call.all(Enter) == [Enter("asked", message=said.text)]
    assert call.all(StartCapture) == []


def test_a_question_nobody_saw_is_not_on_the_ledger_and_gets_no_bare_answer():
    call = Call(chat=False)
    call.admitted()
    call.roster(1, HOST)
    call.chat_line(2, "Host Person", "yes")
    assert call.all(Enter) == []
    assert call.all(StartCapture) == []
    assert [record.kind for record in call.all(Record)] == ["chat_unavailable"]


def test_the_hosts_yes_begins_capture_and_is_kept_in_his_words():
    call = in_call()
    commands = call.chat_line(5, "Host Person", "Yes, go ahead")
    assert kinds(commands) == [Enter, StartCapture, Say]
    entry = call.all(Enter)[-1]
    assert (entry.outcome, entry.who, entry.words, entry.channel) == (
        "granted",
        "Host Person",
        "Yes, go ahead",
        "chat",
    )
    assert entry.message == call.all(Say)[0].text


def test_a_guests_yes_does_not_count_where_the_host_is_asked_and_he_is_told_so_once():
    call = in_call()
    call.chat_line(5, "Guest Person", "yes")
    call.chat_line(6, "Guest Person", "yes!")
    assert call.purposes() == ["announce", "not_yours"]
    assert call.all(StartCapture) == []


def test_anybodys_yes_counts_where_anyone_is_asked():
    call = in_call(who="anyone")
    call.chat_line(5, "Guest Person", "yes")
    assert call.standing.capturing


def test_a_guests_no_makes_the_bot_leave_with_nothing_kept():
    call = in_call()
    commands = call.chat_line(5, "Guest Person", "no, thanks")
    assert kinds(commands) == [Enter, Say, Leave]
    assert call.outcomes() == ["asked", "declined"]
    assert call.last == Leave(EndReason.CONSENT_DECLINED, "declined by Guest Person")


def test_a_no_to_a_yes_already_given_deletes_what_was_taken():
    call = capturing()
    commands = call.chat_line(3, "Guest Person", "I don't consent")
    assert kinds(commands) == [StopCapture, ForgetCapture, Enter, Say, Leave]


def test_stop_keeps_what_was_taken():
    call = capturing()
    commands = call.chat_line(600, "Guest Person", "stop")
    assert kinds(commands) == [StopCapture, Enter, Say, Leave]
    assert (call.outcomes()[-1], call.last) == (
        "withdrawn",
        Leave(EndReason.CONSENT_WITHDRAWN, "asked by Guest Person"),
    )


def test_opt_out_deletes_everything():
    call = capturing()
    commands = call.chat_line(600, "Guest Person", "opt out")
    assert kinds(commands) == [StopCapture, ForgetCapture, Enter, Say, Leave]
    assert (call.outcomes()[-1], call.last) == (
        "opted_out",
        Leave(EndReason.CONSENT_DECLINED, "opted out by Guest Person"),
    )


def test_stop_before_any_capture_is_a_no():
    call = in_call()
    call.chat_line(5, "Guest Person", "stop")
    assert call.outcomes() == ["asked", "declined"]


def test_a_bare_no_in_later_talk_is_not_meant_for_the_bot():
    call = capturing()
    call.chat_line(300, "Guest Person", "shall we move the launch?")
    assert call.chat_line(301, "Host Person", "no") == []
    assert call.standing.capturing


def test_the_bot_leaves_when_told_by_name():
    call = capturing()
    call.chat_line(299, "Guest Person", "I have to go")
    assert call.chat_line(300, "Host Person", "please leave") == []
    call.chat_line(301, "Guest Person", "Meetbot, please leave")
    assert call.last == Leave(EndReason.REQUESTED, "asked by Guest Person")


def test_an_unclear_answer_gets_help_once():
    call = in_call()
    call.chat_line(5, "Host Person", "yes, but not the numbers")
    call.chat_line(6, "Host Person", "yes, mostly")
    assert call.purposes() == ["announce", "unclear"]
    assert not call.standing.capturing


def test_what_was_said_before_the_bot_came_is_no_answer():
    call = in_call()
    assert call.chat_line(2, "Host Person", "yes", history=True) == []


def test_a_note_takers_words_are_no_answer():
    call = in_call(rivals_policy="ignore", who="anyone")
    call.roster(2, HOST, RIVAL)
    call.chat_line(3, RIVAL.name, "yes")
    call.chat_line(4, RIVAL.name, "stop")
    assert call.outcomes() == ["asked"]


def test_thanks_and_farewell_are_said_in_the_language_of_the_answer():
    call = in_call()
    call.chat_line(5, "Host Person", "ja, gerne")
    assert call.all(Say)[-1].text.startswith("Danke")
    call.chat_line(6, "Guest Person", "arrêtez l'enregistrement")
    assert call.all(Say)[-1].text.startswith("Compris")


def test_an_answer_quicker_than_the_proof_of_the_question_counts_once_that_is_there():
    call = Call()
    call.standing, (said,) = advance(call.standing, Admitted(at(0)), call.policy)
    assert isinstance(said, Say)
    call.feed(RosterSeen(at(0), (ME, HOST)))
    assert call.chat_line(1, "Host Person", "yes") == []
    commands = call.feed(Said(at(2), said.text, said.purpose, shown=True))
    assert [entry.outcome for entry in commands if isinstance(entry, Enter)] == ["asked", "granted"]


def test_the_bots_own_line_in_chat_proves_the_question_as_well():
    call = Call()
    call.standing, (said,) = advance(call.standing, Admitted(at(0)), call.policy)
    assert isinstance(said, Say)
    call.chat_line(1, "Meetbot", said.text, is_self=True)
    assert call.outcomes() == ["asked"]
    call.feed(Said(at(2), said.text, said.purpose, shown=True))
    assert call.outcomes() == ["asked"]


def test_a_yes_before_the_first_look_at_the_roster_waits_for_it():
    call = Call()
    call.admitted()
    assert call.chat_line(1, "Host Person", "yes") == []
    call.roster(2, HOST, GUEST)
    assert call.outcomes() == ["asked", "granted"]
    assert call.standing.capturing


def test_a_guests_yes_before_the_first_look_is_still_no_hosts_yes():
    call = Call()
    call.admitted()
    call.chat_line(1, "Guest Person", "yes")
    call.roster(2, HOST, GUEST)
    assert call.outcomes() == ["asked"]
    assert not call.standing.capturing


# No answer


def test_without_an_answer_in_time_the_bot_leaves():
    call = in_call(answer_seconds=20.0)
    assert call.wake() == 21
    call.tick(20.9)
    assert call.standing.consent is Consent.ASKED
    call.tick(21)
    assert call.outcomes() == ["asked", "unanswered"]
    assert call.last == Leave(EndReason.CONSENT_UNANSWERED)


def test_staying_silent_captures_nothing_and_may_still_be_answered():
    call = in_call(answer_seconds=20.0, on_no_answer="stay_silent")
    call.tick(21)
    assert (call.outcomes(), call.standing.phase) == (["asked", "unanswered"], Phase.IN_CALL)
    assert call.all(StartCapture) == []
    call.chat_line(400, "Host Person", "yes")
    assert call.standing.capturing


def test_a_bare_yes_amid_later_talk_is_no_late_answer():
    call = in_call(answer_seconds=20.0, on_no_answer="stay_silent")
    call.tick(21)
    call.chat_line(400, "Guest Person", "did it ship?")
    call.chat_line(401, "Host Person", "yes")
    assert not call.standing.capturing
    call.chat_line(402, "Host Person", "Meetbot, yes")
    assert call.standing.capturing


def test_the_time_for_an_answer_runs_only_while_somebody_is_there():
    call = Call(policy(answer_seconds=20.0))
    call.admitted()
    call.roster(1)
    call.tick(300)
    assert call.standing.consent is Consent.ASKED
    call.roster(400, HOST)
    assert call.wake() == 420


def test_asking_again_gives_a_new_time_to_answer():
    call = in_call(answer_seconds=20.0, on_no_answer="stay_silent")
    call.tick(21)
    commands = call.verb(100, Verb.ASK_AGAIN)
    assert [command.outcome for command in commands if isinstance(command, Enter)] == ["asked"]
    assert call.wake() == 120
    call.chat_line(110, "Host Person", "yes")
    assert call.standing.capturing


# Announcing


def test_announced_capture_begins_once_the_notice_was_seen():
    call = Call(policy(consent_policy="announce"))
    commands = call.admitted()
    assert kinds(commands) == [Say, Enter, StartCapture]
    assert call.outcomes() == ["announced"]


def test_without_a_notice_shown_nothing_is_captured():
    call = Call(policy(consent_policy="announce", answer_seconds=20.0), chat=False)
    call.admitted()
    call.roster(1, HOST)
    call.tick(21)
    assert call.all(StartCapture) == []
    assert call.last == Leave(EndReason.CONSENT_UNANSWERED)


def test_anyones_stop_ends_announced_capture():
    call = in_call(consent_policy="announce")
    call.chat_line(60, "Guest Person", "Please stop recording")
    assert call.outcomes() == ["announced", "withdrawn"]
    assert call.last == Leave(EndReason.CONSENT_WITHDRAWN, "asked by Guest Person")


# Other doors


@pytest.mark.parametrize("channel", ["api", "page", "mail"])
def test_a_yes_by_another_door_counts_without_chat(channel: str):
    call = Call(chat=False)
    call.admitted()
    call.verb(5, Verb.GRANT, by="host@example.com", text="Allow", channel=channel)
    entry = call.all(Enter)[-1]
    assert (entry.outcome, entry.who, entry.channel) == ("granted", "host@example.com", channel)
    assert call.standing.capturing


def test_a_yes_before_admission_waits_for_it_and_people_are_still_told():
    call = Call()
    call.verb(0, Verb.GRANT, by="host@example.com", channel="mail")
    assert call.all(StartCapture) == []
    call.admitted(5)
    assert call.outcomes() == ["granted", "announced"]
    assert len(call.all(StartCapture)) == 1


def test_a_no_by_another_door_ends_the_visit():
    call = capturing()
    commands = call.verb(9, Verb.DECLINE, by="host@example.com")
    assert kinds(commands) == [Record, StopCapture, ForgetCapture, Enter, Say, Leave]


def test_a_wish_is_obeyed_once_also_over_a_restart():
    call = in_call()
    call.verb(5, Verb.ASK_AGAIN, "uid-1")
    assert call.verb(6, Verb.ASK_AGAIN, "uid-1") == []
    again = Call(obeyed=call.standing.obeyed)
    again.admitted()
    assert again.verb(7, Verb.ASK_AGAIN, "uid-1") == []


def test_a_wish_to_leave_is_obeyed_anywhere():
    call = Call()
    call.feed(InLobby(at(0)))
    call.verb(5, Verb.LEAVE, by="host@example.com")
    assert call.last == Leave(EndReason.REQUESTED, "asked by host@example.com")


def test_chat_that_fails_later_is_noted_and_not_used_any_more():
    call = capturing()
    call.feed(ChatUnavailable(at(9), "switched off by the host"))
    before = len(call.all(Say))
    call.roster(60, HOST, LATE)
    assert len(call.all(Say)) == before
    assert call.all(Record)[-1].data["detail"] == "switched off by the host"


# Coming back


def test_after_a_crash_capture_goes_on_without_a_second_question():
    call = Call(granted_before=True)
    commands = call.admitted()
    assert kinds(commands) == [StartCapture, Say]
    assert call.purposes() == ["back"]
    assert call.outcomes() == []


def test_opting_out_after_a_crash_deletes_what_the_earlier_visit_took():
    call = Call(granted_before=True)
    call.admitted()
    call.chat_line(9, "Guest Person", "opt out")
    assert len(call.all(ForgetCapture)) == 1


def test_where_chat_cannot_be_used_the_question_goes_out_by_mail():
    call = Call(chat=False)
    call.admitted()
    (mailed,) = call.all(AskByMail)
    assert mailed.question.startswith("Hello, I am Meetbot")
    call.roster(1, HOST)
    call.verb(5, Verb.GRANT, by="host@example.com", text="yes", channel="mail")
    granted = call.all(Enter)[-1]
    assert (granted.outcome, granted.channel, granted.message) == ("granted", "mail", mailed.question)


def test_where_chat_works_nobody_is_asked_by_mail():
    assert in_call().all(AskByMail) == []


def test_what_a_late_host_was_asked_and_did_not_answer_is_closed_when_the_bot_leaves():
    call = Call(policy(on_no_answer="stay_silent"))
    call.admitted()
    call.roster(1, GUEST)
    call.tick(130)
    call.roster(140, GUEST, HOST)
    call.tick(200)
    call.verb(210, Verb.LEAVE)
    assert call.outcomes() == ["asked", "unanswered", "asked", "unanswered"]
