import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { classes } from "~/parts/classes";
import { count, day, month, monthName } from "~/state/times";

import { levelOf, weeksOf, type Day } from "./weeks";

const FILLS = ["fill-line", "fill-kelp/30", "fill-kelp/55", "fill-kelp/80", "fill-kelp"];
const STEP = 13;
const MONTHS = 18;

/** The month that begins in a week, for the line above; not the first week's, which may be its last days. */
function beginsMonth(weeks: readonly (readonly Day[])[], x: number): string | null {
  const first = weeks[x]?.find((one) => one.day.endsWith("-01"));
  return x > 0 && first && x < weeks.length - 1 ? `${first.day}T12:00` : null;
}

/** Where a year is wider than the screen, its last weeks are what is looked for. */
const toNewest = (box: HTMLElement | null) => {
  if (box)
    box.scrollLeft = getComputedStyle(box).direction === "rtl" ? -box.scrollWidth : box.scrollWidth;
};

/** A year of days, darker where more was said; the same as a table for whom colours say nothing. */
export function Activity({ days }: { days: readonly Day[] }) {
  const { t } = useTranslation();
  const weeks = useMemo(() => weeksOf(days), [days]);
  const most = Math.max(0, ...days.map((one) => one.messages));
  const total = days.reduce((sum, one) => sum + one.messages, 0);
  const months = useMemo(() => byMonth(days), [days]);
  return (
    <figure>
      <div
        ref={toNewest}
        className="overflow-x-auto pb-2"
        tabIndex={0}
        role="group"
        aria-label={t("profile.activity")}
      >
        <svg
          role="img"
          aria-label={t("profile.activitySaid", { count: total, shown: count(total) })}
          width={weeks.length * STEP}
          height={7 * STEP + MONTHS}
          className="rtl:-scale-x-100"
        >
          {weeks.map((_, x) => {
            const begins = beginsMonth(weeks, x);
            return begins ? (
              <text
                key={begins}
                x={x * STEP}
                y={MONTHS - 6}
                className="fill-quiet text-[0.65rem] rtl:hidden"
              >
                {monthName(begins)}
              </text>
            ) : null;
          })}
          {weeks.map((week, x) =>
            week.map((one, y) => (
              <rect
                key={one.day}
                x={x * STEP}
                y={MONTHS + y * STEP}
                width={STEP - 2}
                height={STEP - 2}
                rx={2}
                className={classes(FILLS[levelOf(one.messages, most)])}
              >
                <title>{`${day(`${one.day}T12:00`)}: ${count(one.messages)}`}</title>
              </rect>
            )),
          )}
        </svg>
      </div>
      <figcaption className="text-sm text-quiet">
        {t("profile.activitySaid", { count: total, shown: count(total) })}
      </figcaption>
      <details className="mt-2 text-sm">
        <summary className="w-fit py-1 text-kelp underline">{t("profile.asTable")}</summary>
        <table className="mt-2">
          <thead>
            <tr className="text-start text-quiet">
              <th className="pe-8 text-start font-medium">{t("profile.month")}</th>
              <th className="text-end font-medium">{t("profile.messages")}</th>
            </tr>
          </thead>
          <tbody>
            {months.map(([name, messages]) => (
              <tr key={name}>
                <td className="pe-8">{month(`${name}-15T12:00`)}</td>
                <td className="text-end">{count(messages)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function byMonth(days: readonly Day[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const one of days)
    sums.set(one.day.slice(0, 7), (sums.get(one.day.slice(0, 7)) ?? 0) + one.messages);
  return [...sums].sort(([a], [b]) => b.localeCompare(a));
}
