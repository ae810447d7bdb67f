from agent.okoro.endpoints import LISTED, TABLE, Scope


def test_the_table_holds_the_twelve_endpoints_with_their_least_scope() -> None:
    assert len(LISTED) == 12
    writing = {one.name for one in TABLE if one.scope is Scope.WRITE}
    assert writing == {"create space", "update space", "end active conference"}
    assert all(one.method == "GET" for one in TABLE if one.scope is Scope.READ)
