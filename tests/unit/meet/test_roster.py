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
