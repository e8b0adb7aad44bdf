"""`tokens`: made, listed, revoked; the key itself is on stdout once and nowhere else."""

from __future__ import annotations

import pytest

from cli.conftest import Cli


def test_the_key_alone_is_on_stdout(process: Cli) -> None:
    """So that KEY=$(holdfast tokens create ...) works, in an empty home too."""
    made = process("tokens", "create", "--user", "ada", "--name", "laptop")
    quiet = process("tokens", "create", "--user", "ada", "--quiet")

    assert (made.code, quiet.code, quiet.err) == (0, 0, "")
    for key in (made.out, quiet.out):
        assert key.startswith("hf_")
        assert key.count("\n") == 1
        assert len(key.split()) == 1
    assert "shown this once" in made.err
    assert made.out.strip() not in made.err


def test_a_key_is_listed_without_its_secret(cli: Cli) -> None:
    """Whose, how it begins, what it is for and what it may; of one user with --user."""
    made = cli("tokens", "create", "--user", "ada", "--name", "laptop", "--json").json
    arguments = ("--scope", "memory:read", "--act-for-users", "--inject-context", "--expires", "9d")
    cli("tokens", "create", "--user", "ben", *arguments)

    listed = cli("tokens", "list", "--json").json
    adas = cli("tokens", "list", "--user", "ada", "--json").json
    table = cli("tokens", "list").out

    assert [token["user_id"] for token in listed] == ["ada", "ben"]
    assert adas == [made["token"]]
    assert made["secret"].startswith(made["token"]["prefix"] + "_")
    assert made["secret"] not in str(listed) + table
    assert (listed[1]["acts_for_users"], listed[1]["injects_context"]) == (True, True)
    assert listed[1]["expires_at"] is not None
    assert "read, act for users, inject context" in table
    assert "laptop" in table


@pytest.mark.parametrize("by", ["id", "end", "prefix", "secret"])
def test_a_key_is_revoked_by_what_is_known_of_it(cli: Cli, by: str) -> None:
    """Its id, the end of that, how it begins, or the key itself."""
    made = cli("tokens", "create", "--user", "ada", "--json").json
    kept = cli("tokens", "create", "--user", "ada", "--json").json
    token = made["token"]
    named = {
        "id": token["id"],
        "end": token["id"][-12:],
        "prefix": token["prefix"],
        "secret": made["secret"],
    }

    assert cli("tokens", "revoke", named[by]).code == 0

    assert cli("tokens", "list", "--json").json == [kept["token"]]
    assert cli("tokens", "revoke", named[by]).code == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "--expires", "soon"), "90d, 12h or 2w"),
        (("create", "--expires", "2001-01-01"), "a time to come"),
        (("create", "--expires", "999999w"), "90d, 12h or 2w"),
        (("create", "--scope", "memory:all"), "memory:all"),
        (("revoke", "abc"), "at least 6"),
    ],
)
def test_wrong_input_says_what_to_do(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    """And makes no key."""
    cli("tokens", "create", "--quiet")

    ran = cli("tokens", *arguments)

    assert (ran.code, told in ran.err) == (2, True)
    assert len(cli("tokens", "list", "--json").json) == 1
