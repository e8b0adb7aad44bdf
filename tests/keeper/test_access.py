"""The one function that decides, over everything it can be asked."""

from __future__ import annotations

from itertools import combinations, product
from typing import get_args

import pytest
from msgspec.structs import replace

from fix_keeper import START
from holdfast.errors import NotAllowed, NotFound
from holdfast.keeper.access import ALL_SCOPES, Caller, Scope, Verb, acting_for, decide, decide_for
from holdfast.model import Member, UserId

VERBS: tuple[Verb, ...] = get_args(Verb)
SCOPES = [frozenset(s) for n in range(4) for s in combinations(sorted(ALL_SCOPES), n)]
OWNER = Member(user_id=UserId("ada"), role="owner", joined_at=START)
MEMBER = Member(user_id=UserId("ada"), role="member", joined_at=START)
ADA = Caller(user_id=UserId("ada"), account="local", via="key")
WANTED: dict[Verb, Scope] = {
    "read": "memory:read",
    "write": "memory:write",
    "invite": "memory:write",
    "rename": "memory:write",
    "remove": "memory:delete",
    "erase": "memory:delete",
}


@pytest.mark.parametrize(("verb", "scopes"), list(product(VERBS, SCOPES)))
def test_what_passes_is_what_role_and_scopes_both_allow(
    verb: Verb, scopes: frozenset[Scope]
) -> None:
    """A stranger learns nothing, whatever they hold; of two bounds the narrower one holds."""
    with pytest.raises(NotFound, match="no such room"):
        decide(None, verb, scopes=scopes)
    for standing, verbs in ((OWNER, set(VERBS)), (MEMBER, {"read", "write"})):
        if verb in verbs and WANTED[verb] in scopes:
            decide(standing, verb, scopes=scopes)
        else:
            with pytest.raises(NotAllowed):
                decide(standing, verb, scopes=scopes)


@pytest.mark.parametrize(("verb", "scopes"), list(product(VERBS, SCOPES)))
def test_ones_own_is_decided_like_a_room_of_ones_own(verb: Verb, scopes: frozenset[Scope]) -> None:
    """And somebody else's like a room one is not in."""
    caller = replace(ADA, scopes=scopes)

    with pytest.raises(NotFound, match="no such user"):
        decide_for(caller, "ben", verb)
    if WANTED[verb] in scopes:
        decide_for(caller, "ada", verb)
    else:
        with pytest.raises(NotAllowed):
            decide_for(caller, "ada", verb)


def test_who_acts_for_users_becomes_one_of_them_and_no_more() -> None:
    """With the same scopes, the same end, and no way on to a third."""
    service = replace(ADA, acts_for_users=True, scopes=frozenset({"memory:read"}), credential="k")

    ben = acting_for(service, "ben")

    assert ben == replace(service, user_id=UserId("ben"), acts_for_users=False)
    assert acting_for(service, "ada") is service
    assert acting_for(ADA, "ada") is ADA
    for caller, name in ((ben, "cleo"), (ben, "ada"), (ADA, "ben")):
        with pytest.raises(NotFound, match="no such user"):
            acting_for(caller, name)
