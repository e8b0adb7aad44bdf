import { daysBetween, locale } from "~/state/times";

export const daysAgo = (at: number): number => daysBetween(new Date(at), new Date());

/** "Friday, 20 November", with the year when it is another one. */
export function day(at: number): string {
  const then = new Date(at);
  const year = then.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" as const };
  return then.toLocaleDateString(locale(), {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...year,
  });
}

export const fullDay = (at: number): string =>
  new Date(at).toLocaleDateString(locale(), { dateStyle: "full" });
