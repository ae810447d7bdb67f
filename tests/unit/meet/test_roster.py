"""Rows become people: by id, never by name; nothing to be seen is unknown."""

from agent.meet.roster import Lookout, people_from, signature
from agent.meet.snapshot import Snapshot, Tile
from agent.model.call import Person, RowKind


def row(id: str, name: str, **more: bool) -> dict[str, object]:
    return {"id": id, "name": name, "self": False, "host": False, "pseudo": False} | more


def test_no_rows_are_unknown_and_not_alone() -> None:
    assert people_from(None, frozenset()) is None
    assert people_from([], frozenset({"d1"})) is None


def test_self_is_known_by_id_where_the_page_told_it() -> None:
    people = people_from([row("d1", "Meetbot"), row("d2", "Meetbot", self=True)], frozenset({"d1"}))
    assert people
    assert [person.is_self for person in people] == [True, False]


def test_without_an_id_the_row_itself_says_who_is_self() -> None:
    people = people_from([row("", "Meetbot", self=True), row("d2", "Host Person", host=True)], frozenset())
    assert people
    assert [(person.id, person.is_self, person.is_host) for person in people] == [
        ("Meetbot", True, False),
        ("d2", False, True),
    ]


def test_an_id_counts_once_and_pseudo_rows_stay_marked() -> None:
    people = people_from(
        [row("d1", "A"), row("d1", "A"), row("d3", "Merged audio", pseudo=True)], frozenset()
    )
    assert people
    assert [person.kind for person in people] == [RowKind.PERSON, RowKind.PSEUDO]


def test_the_signature_changes_with_tiles_and_count_only() -> None:
    one = Snapshot(url="x", tiles=(Tile("d2", "B", False), Tile("d1", "A", True)), count=2)
    same = Snapshot(url="y", tiles=(Tile("d1", "A", True), Tile("d2", "B", False)), count=2)
    assert signature(one) == signature(same)
    assert signature(one) != signature(Snapshot(url="x", tiles=one.tiles, count=3))


def test_the_list_is_read_when_something_changed_and_now_and_then() -> None:
    lookout, people = Lookout(60), (Person("d1", "Meetbot", is_self=True),)
    one, two = Snapshot(url="x", count=1), Snapshot(url="x", count=2)
    assert lookout.due(one, 100)
    lookout.looked(one, people, 100)
    assert not lookout.due(one, 159)
    assert lookout.due(two, 101)
    assert lookout.due(one, 160)


def test_a_page_that_shows_neither_tiles_nor_count_is_read_more_often() -> None:
    lookout, blind = Lookout(60), Snapshot(url="x")
    lookout.looked(blind, (Person("d1", "Meetbot"),), 100)
    assert not lookout.due(blind, 109)
    assert lookout.due(blind, 110)


def test_a_list_that_could_not_be_read_is_tried_again_soon_but_not_at_once() -> None:
    lookout, page = Lookout(60), Snapshot(url="x", count=2)
    lookout.looked(page, None, 100)
    assert not lookout.due(page, 101)
    assert lookout.due(page, 102)


def turning(second: int) -> Snapshot:
    """A big meeting, whose page shows whoever speaks."""
    return Snapshot(url="x", tiles=(Tile(f"d{second}", "Somebody", False),), count=300)


def test_tiles_shown_by_turns_are_looked_at_less_and_less() -> None:
    lookout, everybody, looks = Lookout(60), (Person("d1", "Meetbot", is_self=True),), []
    for second in range(100, 400):
        if lookout.due(turning(second), second):
            looks.append(second)
            lookout.looked(turning(second), everybody, second)
    assert looks == [100, 101, 103, 107, 115, 131, 163, 223, 283, 343]


def test_a_count_that_changes_is_looked_at_at_once_whatever_the_tiles_did() -> None:
    lookout, everybody = Lookout(60), (Person("d1", "Meetbot", is_self=True),)
    for second in (100, 101, 103):
        lookout.looked(turning(second), everybody, second)
    assert not lookout.due(turning(104), 104)
    assert lookout.due(Snapshot(url="x", count=299), 104)


def test_after_a_change_that_brought_somebody_the_next_is_looked_at_at_once() -> None:
    lookout, one = Lookout(60), Person("d1", "Meetbot", is_self=True)
    for second in (100, 101, 103):
        lookout.looked(turning(second), (one,), second)
    lookout.looked(turning(110), (one, Person("d2", "Guest Person")), 110)
    assert lookout.due(turning(111), 111)


def test_what_was_lost_from_view_is_looked_at_soon() -> None:
    lookout, page = Lookout(60), Snapshot(url="x", count=2)
    lookout.looked(page, (Person("d1", "Meetbot", is_self=True),), 100)
    lookout.lost()
    assert lookout.due(page, 102)
