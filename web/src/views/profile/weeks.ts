/** A year of days as columns of weeks, Monday first. */
import { isoDay } from "~/state/times";

export interface Day {
  /** ISO date. */
  day: string;
  messages: number;
}

/** The weeks that end with the one of `today`; days to come are left out. */
export function weeksOf(days: readonly Day[], today = new Date(), weeks = 53): Day[][] {
  const known = new Map(days.map((one) => [one.day, one.messages]));
  const monday = new Date(today.getFullYear(), today.getMonth(), today.getDate());
  monday.setDate(monday.getDate() - ((monday.getDay() + 6) % 7) - 7 * (weeks - 1));
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_unused, weekday) => {
      const at = new Date(
        monday.getFullYear(),
        monday.getMonth(),
        monday.getDate() + 7 * week + weekday,
      );
      return { at, day: isoDay(at), messages: known.get(isoDay(at)) ?? 0 };
    })
      .filter(({ at }) => at <= today)
      .map(({ day, messages }) => ({ day, messages })),
  );
}

/** 0 for nothing, then 1 to 4 by quarters of the busiest day, on a scale that one loud day does not flatten. */
export function levelOf(messages: number, most: number): number {
  if (!messages) return 0;
  return Math.max(1, Math.ceil((4 * Math.log1p(messages)) / Math.log1p(Math.max(most, 1))));
}
