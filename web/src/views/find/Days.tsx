/** From which day to which day: a few that are wanted often, or any two. */
import { Popover } from "radix-ui";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Field } from "~/parts/Field";

import type { Ask } from "./ask";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
  children: ReactNode;
}

/** "2026-10-01", in the zone of this browser. */
export const dayOf = (at: Date): string =>
  `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;

export function spansOf(now: Date): Record<"today" | "week" | "month" | "year", [string, string]> {
  const [y, m, d] = [now.getFullYear(), now.getMonth(), now.getDate()];
  const to = dayOf(now);
  return {
    today: [to, to],
    week: [dayOf(new Date(y, m, d - 6)), to],
    month: [dayOf(new Date(y, m - 1, 1)), dayOf(new Date(y, m, 0))],
    year: [dayOf(new Date(y, 0, 1)), to],
  };
}

export function Days({ ask, set, children }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>{children}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label={t("find.filters.when")}
          className="z-50 w-72 space-y-3 rounded-2xl border border-line bg-raised p-3 text-ink shadow-layer"
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
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
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
