/** What the list of conversations asks of the server, month by month, and how it hears of changes. */
import { queryOptions, type QueryClient } from "@tanstack/react-query";

import { raw, type Shapes } from "~/api/client";
import { Failure } from "~/api/failures";
import { ME } from "~/api/queries";
import { zone } from "~/state/times";

import type { Filters } from "./filters";
import { monthBounds } from "./months";

export type Session = Shapes["SessionOut"];

export interface MonthCount {
  /** "2026-09" */
  month: string;
  sessions: number;
}

export interface Months {
  months: MonthCount[];
  sessions: number;
  trashed: number;
  /** Stands for everything this user has: another one means that something changed. */
  tag: string;
}

export interface Segment {
  month: string;
  sessions: Session[];
}

const BASE = `/api/conversations/${ME}`;
/** Where one conversation is. */
export const at = (session: string, rest = ""): string =>
  `${BASE}/${encodeURIComponent(session)}${rest}`;

export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const response = await raw(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

// What was answered last, so that asking again for what has not changed costs one row and no body.
const known = new Map<string, { tag: string; data: unknown }>();
const KNOWN = 60;

export async function polled<T>(
  path: string,
  signal: AbortSignal,
): Promise<{ tag: string; data: T }> {
  const before = known.get(path);
  try {
    const headers = before ? { "If-None-Match": before.tag } : undefined;
    const response = await raw(path, { signal, cache: "no-store", ...(headers && { headers }) });
    const now = { tag: response.headers.get("ETag") ?? "", data: (await response.json()) as T };
    known.delete(path);
    if (now.tag) known.set(path, now);
    for (const old of known.keys()) if (known.size > KNOWN) known.delete(old);
    return now;
  } catch (error) {
    if (before && error instanceof Failure && error.status === 304)
      return before as { tag: string; data: T };
    throw error;
  }
}

function asked(filters: Filters, more: Record<string, string> = {}): string {
  const params = new URLSearchParams(more);
  for (const name of ["assistant", "project", "kind", "platform"] as const)
    if (filters[name]) params.set(name, filters[name]);
  params.set("archived", String(filters.archived));
  return params.toString();
}

async function allOf(path: string, signal: AbortSignal): Promise<Session[]> {
  const sessions: Session[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { data }: { data: Shapes["ConversationsOut"] } = await polled(path + more, signal);
    sessions.push(...data.sessions);
    cursor = data.next_cursor;
  } while (cursor);
  return sessions;
}

/** How many there are in each month. Asked for again and again while the page is looked at. */
export const monthsQuery = (filters: Filters) =>
  queryOptions({
    queryKey: ["conversations", "months", filters],
    queryFn: async ({ signal }): Promise<Months> => {
      const { platform: _sealed, ...plain } = filters;
      const params = asked({ ...plain, platform: null }, { zone: zone() });
      const { tag, data } = await polled<Omit<Months, "tag">>(`${BASE}/months?${params}`, signal);
      return { ...data, tag };
    },
    refetchInterval: 15_000,
  });

export const pinnedQuery = (filters: Filters) =>
  queryOptions({
    queryKey: ["conversations", "pinned", filters],
    queryFn: ({ signal }) =>
      allOf(`${BASE}?${asked(filters, { pinned: "true", limit: "200" })}`, signal),
    staleTime: 60_000,
  });

/** All of one month, newest first. */
export const segmentQuery = (filters: Filters, month: string) =>
  queryOptions({
    queryKey: ["conversations", "month", filters, month],
    queryFn: async ({ signal }): Promise<Segment> => {
      const { since, until } = monthBounds(month);
      const params = asked(filters, { since, until, limit: "200" });
      return { month, sessions: await allOf(`${BASE}?${params}`, signal) };
    },
    staleTime: 60_000,
  });

/** The newest few, whatever the filters. */
export const recentQuery = queryOptions({
  queryKey: ["conversations", "recent"],
  queryFn: async ({ signal }) => {
    const { data } = await polled<Shapes["ConversationsOut"]>(
      `${BASE}?archived=false&limit=6`,
      signal,
    );
    return data.sessions;
  },
});

/** The last words of a conversation, for its preview. */
export const lastWordsQuery = (session: string, newest: string) =>
  queryOptions({
    queryKey: ["conversation", session, "last words", newest],
    queryFn: async ({ signal }) => {
      const response = await raw(at(session, "?last=4&max_text=280"), { signal });
      const { session: whole } = (await response.json()) as Shapes["ConversationOut"];
      return whole.turns
        .flatMap((turn) => turn.messages)
        .filter(({ text, role }) => text && (role === "user" || role === "assistant"))
        .slice(-3);
    },
    staleTime: 60_000,
  });

/** Something was written: every list of conversations is to be looked at again. */
export const conversationsChanged = (client: QueryClient): Promise<void> =>
  client.invalidateQueries({ queryKey: ["conversations"] });
