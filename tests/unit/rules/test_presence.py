"""Who is in the meeting."""

from agent.model.call import Person, RowKind
from agent.rules.presence import Room, look
from agent.rules.rivals import Context, Verdict, classify

ME = Person("d/1", "Meetbot", is_self=True)
HOST = Person("d/2", "Host Person", is_host=True)
GUEST = Person("d/3", "Guest Person")
RIVAL = Person("d/4", "Otter.ai Notetaker")


def judge(name: str) -> Verdict:
    return classify(name, Context(own_name="Meetbot"))


def seen(*people: Person, own_ids: frozenset[str] = frozenset()) -> Room:
    return look(people, own_ids, judge)


def test_rows_are_sorted_into_people_rivals_and_neither():
    presentation = Person("d/5", "Host Person's presentation")
    panel = Person("d/6", "Anything", kind=RowKind.PSEUDO)
    room = seen(ME, HOST, GUEST, RIVAL, presentation, panel)
    assert room.humans == (HOST, GUEST)
    assert [rival.person for rival in room.rivals] == [RIVAL]
    assert room.pseudo == (presentation, panel)
    assert (room.me, room.hosts, room.human_count) == (ME, (HOST,), 2)


def test_a_person_who_bears_the_bots_account_name_is_not_the_bot():
    named_alike = Person("d/9", "Guest Person")
    assert seen(Person("d/1", "Guest Person", is_self=True), named_alike).humans == (named_alike,)


def test_a_row_once_marked_as_ours_stays_ours_without_the_mark():
    room = seen(Person("d/1", "Account Name"), own_ids=frozenset({"d/1"}))
    assert (room.humans, room.human_count) == ((), 0)


def test_a_roster_that_cannot_be_read_proves_nobodys_absence():
    assert look(None, frozenset(), judge).human_count is None


def test_a_roster_without_the_bot_itself_proves_nobodys_absence():
    assert seen().human_count is None
    assert seen(RIVAL).human_count is None
    assert seen(RIVAL, GUEST).human_count == 1


def test_merged_audio_may_hide_people():
    assert seen(ME, Person("d/7", "Merged audio")).human_count is None


def test_alone_is_zero_only_when_the_bot_sees_itself_and_no_person():
    assert seen(ME).human_count == 0
    assert seen(ME, RIVAL).human_count == 0


def test_a_name_finds_all_who_bear_it_however_it_is_written():
    twin = Person("d/8", "guest  person")
    assert seen(ME, GUEST, twin).named("Guest Person") == (GUEST, twin)
