/** From which day to which day: a few that are wanted often, or any two. */
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Field } from "~/parts/Field";
import { Pop } from "~/parts/Pop";
import { isoDay } from "~/state/times";

import type { Ask } from "./ask";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
  children: ReactNode;
}

export function spansOf(now: Date): Record<"today" | "week" | "month" | "year", [string, string]> {
  const [y, m, d] = [now.getFullYear(), now.getMonth(), now.getDate()];
  const to = isoDay(now);
  return {
    today: [to, to],
    week: [isoDay(new Date(y, m, d - 6)), to],
    month: [isoDay(new Date(y, m - 1, 1)), isoDay(new Date(y, m, 0))],
    year: [isoDay(new Date(y, 0, 1)), to],
  };
}

export function Days({ ask, set, children }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Pop
      open={open}
      setOpen={setOpen}
      name={t("find.filters.when")}
      trigger={children}
      className="w-72 space-y-3 p-3"
    >
      <Spans
        choose={(since, until) => {
          set({ ...ask, since, until });
          setOpen(false);
        }}
      />
      <div className="grid grid-cols-2 gap-2">
        <Field
          label={t("find.from")}
          type="date"
          value={ask.since ?? ""}
          max={ask.until ?? undefined}
          onChange={(event) => set({ ...ask, since: event.target.value || null })}
        />
        <Field
          label={t("find.to")}
          type="date"
          value={ask.until ?? ""}
          min={ask.since ?? undefined}
          onChange={(event) => set({ ...ask, until: event.target.value || null })}
        />
      </div>
    </Pop>
  );
}

function Spans({ choose }: { choose: (since: string, until: string) => void }) {
  const { t } = useTranslation();
  const [spans] = useState(() => Object.entries(spansOf(new Date())));
  return (
    <div className="grid grid-cols-2 gap-1.5">
      {spans.map(([name, [since, until]]) => (
        <button
          key={name}
          type="button"
          onClick={() => choose(since, until)}
          className="min-h-9 rounded-lg bg-kelp-wash px-2 text-sm font-medium hover:bg-kelp hover:text-on-kelp pointer-coarse:min-h-11"
        >
          {t(`find.spans.${name as "week"}`)}
        </button>
      ))}
    </div>
  );
}
