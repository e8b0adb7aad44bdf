"""Assistants and projects: a slug becomes a record of the vault, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from holdfast.capture.checks import checked_label, checked_text
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.store import Store
from holdfast.model import Assistant, AssistantId, Project, ProjectId
from holdfast.storage.protocol import NO_SCOPE, ByIds, Kind, OnceTag, RowSpan
from holdfast.vault.vault import Vault

__all__ = ["AssistantBody", "Names", "ProjectBody", "checked_slug"]

_SLUG = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")
_Body = TypeVar("_Body", "AssistantBody", "ProjectBody")


class AssistantBody(Struct, omit_defaults=True):
    """The sealed part of an assistant."""

    slug: str
    name: str
    avatar: str | None = None
    purpose: str = ""


class ProjectBody(Struct, omit_defaults=True):
    """The sealed part of a project."""

    slug: str
    name: str


class Names:
    """The assistants and projects of one vault."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def assistant(self, slug: str | None) -> bytes | None:
        """The raw id of an assistant, made when it is new; None for None.

        Raises:
            BadInput: it is no slug.
        """
        if slug is None:
            return None
        return await self._ensure(
            Kind.ASSISTANT, AssistantBody(checked_slug("assistant", slug, self._store), slug)
        )

    async def project(self, slug: str | None) -> bytes | None:
        """The raw id of a project, made when it is new; None for None.

        Raises:
            BadInput: it is no slug.
        """
        if slug is None:
            return None
        return await self._ensure(
            Kind.PROJECT, ProjectBody(checked_slug("project", slug, self._store), slug)
        )

    async def find(self, kind: Kind, slug: str) -> bytes:
        """The raw id of an existing assistant or project.

        Raises:
            NotFound: there is none in this vault.
        """
        found = await self._vault.storage.once(self._vault.raw, self._tag(kind, slug))
        if found is None:
            raise NotFound(kind.name.lower())
        return found

    async def assistants(self) -> list[Assistant]:
        """All assistants of the vault, by slug."""
        rows, bodies = await self._all(Kind.ASSISTANT, AssistantBody)
        found = [_assistant(raw, body) for raw, body in zip(rows, bodies, strict=True)]
        return sorted(found, key=lambda a: a.slug)

    async def projects(self) -> list[Project]:
        """All projects of the vault, by slug."""
        rows, bodies = await self._all(Kind.PROJECT, ProjectBody)
        found = [_project(raw, body) for raw, body in zip(rows, bodies, strict=True)]
        return sorted(found, key=lambda p: p.slug)

    async def describe_assistant(
        self,
        slug: str,
        *,
        name: str | None = None,
        avatar: str | None = None,
        purpose: str | None = None,
    ) -> Assistant:
        """Name an assistant and say what it is for; what is None stays as it was.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
        """
        limits = self._store.limits
        checked_label("assistant name", name or None, limits)
        checked_label("avatar", avatar or None, limits)
        checked_text("purpose", purpose or "", limits)

        def described(body: AssistantBody) -> AssistantBody:
            return AssistantBody(
                slug=body.slug,
                name=name or body.name,
                avatar=avatar if avatar is not None else body.avatar,
                purpose=purpose if purpose is not None else body.purpose,
            )

        raw = await self.assistant(slug) or b""
        body = await self._change(Kind.ASSISTANT, raw, AssistantBody, described)
        return _assistant(raw, body)

    async def describe_project(self, slug: str, *, name: str | None = None) -> Project:
        """Name a project; None leaves it as it was.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
        """
        checked_label("project name", name or None, self._store.limits)

        def described(body: ProjectBody) -> ProjectBody:
            return ProjectBody(slug=body.slug, name=name or body.name)

        raw = await self.project(slug) or b""
        body = await self._change(Kind.PROJECT, raw, ProjectBody, described)
        return _project(raw, body)

    async def _change(
        self, kind: Kind, raw: bytes, body: type[_Body], change: Callable[[_Body], _Body]
    ) -> _Body:
        """Seal a record anew; on what somebody else made of it in the same moment, once more."""
        vault = self._vault
        ask = ByIds(vault_id=vault.raw, ids=(raw,))
        while True:
            row = (await vault.storage.rows_by_id(ask))[0]
            before = (await vault.open_records([row], body))[0]
            changed = change(before)
            if changed == before:
                return before
            try:
                await vault.commit(put=(await vault.seal_again(row, changed),))
            except Conflict:
                continue
            return changed

    async def restore(self, kind: Kind, record_id: str, body: AssistantBody | ProjectBody) -> None:
        """Bring back a record of an export under its own id, unless the slug is known."""
        await self._ensure(kind, body, record_id=id_bytes(record_id))

    async def _ensure(
        self, kind: Kind, body: AssistantBody | ProjectBody, *, record_id: bytes | None = None
    ) -> bytes:
        vault, store = self._vault, self._store
        tag = self._tag(kind, body.slug)
        found = await vault.storage.once(vault.raw, tag)
        if found is not None:
            return found
        record_id = record_id or id_bytes(store.ids())
        row = await vault.seal_record(kind, record_id, body, at_ms=to_ms(store.clock()))
        try:
            await vault.commit(put=(row,), once=OnceTag(tag=tag, id=record_id))
        except Conflict:
            return await self.find(kind, body.slug)
        return record_id

    def _tag(self, kind: Kind, slug: str) -> bytes:
        return self._vault.keyring.tag(self._vault.raw, f"slug/{kind.name.lower()}", slug)

    async def _all(self, kind: Kind, body: type[_Body]) -> tuple[list[bytes], list[_Body]]:
        rows = await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=kind, scope=NO_SCOPE, limit=100_000)
        )
        return [row.id for row in rows], await self._vault.open_records(rows, body)


def _assistant(raw: bytes, body: AssistantBody) -> Assistant:
    return Assistant(
        id=AssistantId(id_text(raw)),
        slug=body.slug,
        name=body.name,
        avatar=body.avatar,
        purpose=body.purpose,
    )


def _project(raw: bytes, body: ProjectBody) -> Project:
    return Project(id=ProjectId(id_text(raw)), slug=body.slug, name=body.name)


def checked_slug(field: str, slug: str, store: Store) -> str:
    """The slug unchanged.

    Raises:
        BadInput: it is empty or holds anything but letters, digits, dot, dash and underscore.
    """
    checked = checked_label(field, slug, store.limits) or ""
    if not _SLUG.fullmatch(checked):
        raise BadInput(field, "a slug has letters, digits, dots, dashes and underscores only")
    return checked
