/** Dates as people of this language write them. All of them are shown in the zone of this browser. */
import i18next from "i18next";

const made = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${i18next.language} ${name}`;
  let known = made.get(key);
  if (!known) made.set(key, (known = new Intl.DateTimeFormat(locale(), options)));
  return known;
}

/** The browser's own variant of the language (en-GB), when it has one. */
export function locale(): string {
  return navigator.languages.find((one) => one.startsWith(i18next.language)) ?? i18next.language;
}

export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "Friday, 20 November 2026 at 12:10:03" */
export const fullTime = (at: string | number | Date): string =>
  format("full", { dateStyle: "full", timeStyle: "medium" }).format(new Date(at));

/** "12:10" */
export const clock = (at: string | number | Date): string =>
  format("clock", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));

/** "20 Nov 2026" */
export const day = (at: string | number | Date): string =>
  format("day", { day: "numeric", month: "short", year: "numeric" }).format(new Date(at));

/** "November 2026" */
export const month = (at: string | number | Date): string =>
  format("month", { month: "long", year: "numeric" }).format(new Date(at));

/** "Nov" */
export const monthName = (at: string | number | Date): string =>
  format("monthName", { month: "short" }).format(new Date(at));

/** The clock today, the weekday this week, else the day. */
export function shortTime(at: string | number | Date, now = new Date()): string {
  const then = new Date(at);
  const days = daysBetween(then, now);
  if (days === 0) return clock(then);
  if (days > 0 && days < 7) return format("weekday", { weekday: "short" }).format(then);
  if (then.getFullYear() === now.getFullYear())
    return format("short", { day: "numeric", month: "short" }).format(then);
  return day(then);
}

/** "2026-10-01": the day in the zone of this browser, as forms and addresses write it. */
export const isoDay = (at: Date): string =>
  `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;

/** Midnights between two times. */
export function daysBetween(then: Date, now: Date): number {
  const midnight = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  return Math.round((midnight(now) - midnight(then)) / 86_400_000);
}

const counts = new Map<string, Intl.NumberFormat>();
export function count(n: number): string {
  let known = counts.get(i18next.language);
  if (!known) counts.set(i18next.language, (known = new Intl.NumberFormat(locale())));
  return known.format(n);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
export function size(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: UNITS[power],
    unitDisplay: power ? "short" : "long",
    maximumFractionDigits: power ? 1 : 0,
  }).format(bytes / 1000 ** power);
}
