/** The list as rows: headings, conversations, and blanks for those that were not asked for yet. */
import { headingOf, monthOf, type Heading } from "./months";
import type { MonthCount, Session } from "./queries";

export type Row =
  | { kind: "head"; key: string; heading: Heading; month: string | null }
  | { kind: "session"; key: string; session: Session; month: string | null; place: number }
  | { kind: "blank"; key: string; month: string };

interface Known {
  months: readonly MonthCount[];
  pinned: readonly Session[];
  /** By month, what was loaded. */
  loaded: ReadonlyMap<string, readonly Session[]>;
  now: Date;
}

/**
 * Pinned ones first, in a group of their own, then month by month. A month that is not loaded has as
 * many blanks as it has conversations, so the scrollbar spans all of them from the beginning.
 */
export function rowsOf({ months, pinned, loaded, now }: Known): Row[] {
  const rows: Row[] = [];
  const above = new Set(pinned.map((session) => session.id));
  let place = 0;
  let last: Heading | null = null;
  const head = (heading: Heading, month: string | null) => {
    if (heading !== last) rows.push({ kind: "head", key: `head ${heading}`, heading, month });
    last = heading;
  };
  const session = (one: Session, month: string | null) =>
    rows.push({ kind: "session", key: one.id, session: one, month, place: ++place });

  if (pinned.length > 0) head("pinned", null);
  for (const one of pinned) session(one, null);
  const recent = recentMonths(now);
  for (const { month, sessions } of months) {
    const known = loaded.get(month);
    for (const one of known ?? []) {
      if (above.has(one.id)) continue;
      head(headingOf(new Date(one.last_message_at), now), month);
      session(one, month);
    }
    if (known) continue;
    const blanks = sessions - pinned.filter((one) => isOf(one, month)).length;
    if (blanks > 0 && !recent.has(month)) head(month, month);
    for (let n = 0; n < blanks; n++)
      rows.push({ kind: "blank", key: `blank ${month} ${n}`, month });
    place += Math.max(blanks, 0);
  }
  return rows;
}

const isOf = (session: Session, month: string) =>
  monthOf(new Date(session.last_message_at)) === month;

/** Months whose days have headings of their own: what they are is not known before they are loaded. */
function recentMonths(now: Date): Set<string> {
  return new Set([now, new Date(now.getTime() - 30 * 86_400_000)].map(monthOf));
}

/** The months of some rows, in order. */
export const monthsOf = (rows: readonly (Row | undefined)[]): string[] => [
  ...new Set(rows.flatMap((row) => (row?.month ? [row.month] : []))),
];

/** The first row of a month; that of the next older one when it has none. */
export function rowOfMonth(rows: readonly Row[], month: string): number {
  const found = rows.findIndex((row) => row.month !== null && row.month <= month);
  return found < 0 ? rows.length - 1 : found;
}

/** From one row to the next conversation in a direction, over headings and blanks; -1 for none. */
export function stepFrom(rows: readonly Row[], from: number, by: 1 | -1): number {
  for (let at = from + by; at >= 0 && at < rows.length; at += by)
    if (rows[at]?.kind !== "head") return at;
  return -1;
}

/** The conversations from one to another, in the order of the list. */
export function between(rows: readonly Row[], one: string, other: string): string[] {
  const ids = rows.flatMap((row) => (row.kind === "session" ? [row.key] : []));
  const [from, to] = [ids.indexOf(one), ids.indexOf(other)].sort((a, b) => a - b);
  return from === undefined || to === undefined || from < 0 ? [other] : ids.slice(from, to + 1);
}
