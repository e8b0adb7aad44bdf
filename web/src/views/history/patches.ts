/** Changes shown before the server has made them, in place: no row moves, no date changes. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";

import type { Filters } from "./filters";
import type { Segment, Session } from "./queries";

type Change = (session: Session) => Session | null;

const newestFirst = (a: Session, b: Session) => b.last_message_at.localeCompare(a.last_message_at);

/** Change what the lists hold of some conversations; null takes one out. Returns the way back. */
export function patch(client: QueryClient, ids: ReadonlySet<string>, change: Change): () => void {
  const before: [QueryKey, unknown][] = [];
  const keep = (key: QueryKey, data: unknown) => before.push([key, data]);
  void client.cancelQueries({ queryKey: ["conversations"] });
  const touched = new Map<string, Session>();

  for (const [key, data] of client.getQueriesData<Segment>({
    queryKey: ["conversations", "month"],
  })) {
    if (!data?.sessions.some(({ id }) => ids.has(id))) continue;
    keep(key, data);
    const sessions = changed(data.sessions, ids, change, key[2] as Filters);
    for (const one of sessions) if (ids.has(one.id)) touched.set(one.id, one);
    client.setQueryData(key, { ...data, sessions });
  }
  for (const [key, data] of client.getQueriesData<Session[]>({
    queryKey: ["conversations", "pinned"],
  })) {
    if (!data) continue;
    keep(key, data);
    client.setQueryData(key, pinnedNow(data, ids, change, key[2] as Filters, touched));
  }
  return () => {
    for (const [key, data] of before) client.setQueryData(key, data);
  };
}

function changed(
  sessions: readonly Session[],
  ids: ReadonlySet<string>,
  change: Change,
  filters: Filters,
): Session[] {
  return sessions.flatMap((session) => {
    if (!ids.has(session.id)) return [session];
    const now = change(session);
    return now && fits(now, filters) ? [now] : [];
  });
}

function pinnedNow(
  pinned: readonly Session[],
  ids: ReadonlySet<string>,
  change: Change,
  filters: Filters,
  touched: ReadonlyMap<string, Session>,
): Session[] {
  const still = changed(pinned, ids, change, filters).filter((session) => session.pinned);
  const there = new Set(still.map(({ id }) => id));
  const come = [...touched.values()].filter(
    (session) => session.pinned && !there.has(session.id) && fits(session, filters),
  );
  return [...still, ...come].sort(newestFirst);
}

/** Whether a list with these filters has it. */
export const fits = (session: Session, filters: Filters): boolean =>
  session.archived === filters.archived &&
  (["assistant", "project", "kind", "platform"] as const).every(
    (name) => !filters[name] || filters[name] === session[name],
  );
