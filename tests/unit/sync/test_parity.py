"""Both sides have the same names with the same parameters."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import holdfast
import holdfast.sync
from holdfast.sync.forwarding import public_members
from holdfast.sync.opening import FACES, FORWARDED


def _face(cls: type) -> type:
    return getattr(holdfast.sync, cls.__name__)


@pytest.mark.parametrize("cls", FORWARDED, ids=lambda cls: cls.__name__)
def test_a_face_has_every_public_name(cls: type) -> None:
    """What can be asked of a class of the library can be asked of its face, and no more."""
    ours = {name for name, _ in public_members(cls)}

    assert {name for name, _ in public_members(_face(cls))} == ours


@pytest.mark.parametrize("cls", FORWARDED, ids=lambda cls: cls.__name__)
def test_a_face_has_the_same_parameters(cls: type) -> None:
    """Names, order, defaults and annotations of the parameters are those of the library."""
    for name, member in public_members(cls):
        if inspect.isfunction(member):
            forward = inspect.getattr_static(_face(cls), name)
            ours, theirs = inspect.signature(member), inspect.signature(forward)
            assert theirs.parameters == ours.parameters, name


@pytest.mark.parametrize("cls", FORWARDED, ids=lambda cls: cls.__name__)
def test_nothing_of_a_face_is_asynchronous(cls: type) -> None:
    """A face has no coroutine to await and no asynchronous block to enter."""
    face = _face(cls)
    left = [n for n, m in public_members(face) if inspect.iscoroutinefunction(m)]

    assert left == []
    assert not hasattr(face, "__aenter__")
    assert hasattr(face, "__enter__") == hasattr(cls, "__aenter__")


def test_what_an_object_holds_has_a_face(keeper: holdfast.sync.Keeper) -> None:
    """Whatever is reached from a keeper and works asynchronously is forwarded too."""
    user = keeper.user("ada")
    held = [user.sessions, user.memories, user.thoughts, user.names, user.rooms, keeper.keys]
    held += [user.imports, user.exports, user.sessions.start(), user.rooms.create("tea")]

    assert {type(one) for one in held} <= {*FACES.values()}


def test_it_is_reached_from_the_package() -> None:
    """`import holdfast` is enough to write `holdfast.sync.open`."""
    code = "import holdfast; holdfast.sync.open('memory:').close()"

    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_opening_takes_the_same_options() -> None:
    """The stub names the options of `holdfast.open`; a wrong one is refused as there."""
    with pytest.raises(TypeError, match="nonsense"):
        holdfast.sync.open("memory:", nonsense=1)
