/** Every month in which something was said, a year at a time; the deeper its colour the more was said. */
import { CalendarDays } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";
import { classes } from "~/parts/classes";
import { Pop } from "~/parts/Pop";
import { locale, month as monthName } from "~/state/times";

import { monthStart } from "./months";
import type { MonthCount } from "./queries";

interface Props {
  months: readonly MonthCount[];
  /** To the beginning of a month, or to the oldest that there is in it. */
  jump: (month: string, oldest?: boolean) => void;
}

export function Jump({ months, jump }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Pop
      open={open}
      setOpen={setOpen}
      name={t("history.jump")}
      trigger={
        <IconButton name={t("history.jump")} disabled={months.length === 0}>
          <CalendarDays />
        </IconButton>
      }
      className="flex max-h-[70dvh] w-72 flex-col overflow-hidden"
    >
      <Years
        months={months}
        jump={(month, oldest) => {
          setOpen(false);
          jump(month, oldest);
        }}
      />
    </Pop>
  );
}

function Years({ months, jump }: Props) {
  const { t } = useTranslation();
  const years = useMemo(() => byYear(months), [months]);
  const most = Math.max(...months.map(({ sessions }) => sessions), 1);
  const short = new Intl.DateTimeFormat(locale(), { month: "short" });
  const oldest = months.at(-1);
  return (
    <>
      <div className="min-h-0 flex-1 space-y-3 overflow-y-auto p-3">
        {years.map(([year, counts]) => (
          <section key={year} aria-label={year}>
            <h3 className="px-1 pb-1 text-sm font-semibold">{year}</h3>
            <div className="grid grid-cols-4 gap-1">
              {counts.map((sessions, at) => {
                const month = `${year}-${String(at + 1).padStart(2, "0")}`;
                const first = monthStart(month);
                return (
                  <button
                    key={month}
                    type="button"
                    disabled={sessions === 0}
                    aria-label={t("history.monthOf", { month: monthName(first), count: sessions })}
                    onClick={() => jump(month)}
                    className={classes(
                      "min-h-9 rounded-lg text-xs pointer-coarse:min-h-11",
                      sessions === 0 && "text-quiet",
                      sessions > 0 && "font-medium text-ink hover:bg-kelp hover:text-on-kelp",
                      sessions > most / 2
                        ? "bg-kelp-wash ring-1 ring-kelp/50"
                        : sessions > 0 && "bg-kelp-wash",
                    )}
                  >
                    {short.format(first)}
                  </button>
                );
              })}
            </div>
          </section>
        ))}
      </div>
      {oldest && years.length > 1 && (
        <button
          type="button"
          onClick={() => jump(oldest.month, true)}
          className="min-h-11 border-t border-line text-sm font-medium text-kelp hover:bg-kelp-wash"
        >
          {t("history.jumpOldest")}
        </button>
      )}
    </>
  );
}

/** Twelve numbers for each year, newest year first. */
function byYear(months: readonly MonthCount[]): [string, number[]][] {
  const years = new Map<string, number[]>();
  for (const { month, sessions } of months) {
    const [year = "", number = "1"] = month.split("-");
    const counts = years.get(year) ?? Array.from({ length: 12 }, () => 0);
    counts[Number(number) - 1] = sessions;
    years.set(year, counts);
  }
  return [...years];
}
