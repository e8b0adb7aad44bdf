/** Months and the headings of the list: pure, in the zone of this browser. */
import { daysBetween } from "~/state/times";

export type Heading = "pinned" | "today" | "yesterday" | "week" | "thirty" | (string & {});

export const monthOf = (at: Date): string =>
  `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}`;

/** The first of a month at midnight. */
export function monthStart(month: string, later = 0): Date {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(year, number - 1 + later, 1);
}

/** Its beginning, and that of the next one. */
export const monthBounds = (month: string): { since: string; until: string } => ({
  since: monthStart(month).toISOString(),
  until: monthStart(month, 1).toISOString(),
});

/** Under which heading something of this time stands: near days by name, then months ("2026-09"). */
export function headingOf(at: Date, now: Date): Heading {
  const days = daysBetween(at, now);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  if (days <= 7) return "week";
  if (days <= 30) return "thirty";
  return monthOf(at);
}
