/** Before anything is typed: how to ask, and the latest conversations. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Time } from "~/parts/Time";
import { recentQuery } from "~/views/history/queries";

const HINTS = ["phrase", "date", "with", "tag"] as const;

export function Beginning({ ask, left }: { ask: (q: string) => void; left: () => void }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const recent = useQuery(recentQuery).data ?? [];
  return (
    <div className="grid gap-6 px-4 py-4 sm:grid-cols-2 sm:px-6">
      <section>
        <h2 className="pb-2 font-serif text-sm font-semibold">{t("find.recent")}</h2>
        <ul>
          {recent.map((session) => (
            <li key={session.id}>
              <a
                href={`/c/${session.id}`}
                onClick={(event) => {
                  if (event.metaKey || event.ctrlKey) return;
                  event.preventDefault();
                  left();
                  void go({ to: "/c/$session", params: { session: session.id } });
                }}
                className="-mx-2 flex min-h-9 items-baseline gap-3 rounded-lg px-2 py-1.5 text-sm text-ink no-underline hover:bg-kelp-wash pointer-coarse:min-h-11"
              >
                <bdi className="min-w-0 flex-1 truncate">
                  {session.title || t("history.untitled")}
                </bdi>
                <Time at={session.last_message_at} className="shrink-0 text-xs text-quiet" />
              </a>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2 className="pb-2 font-serif text-sm font-semibold">{t("find.howTo")}</h2>
        <ul>
          {HINTS.map((hint) => (
            <li key={hint}>
              <button
                type="button"
                onClick={() => ask(t(`find.hints.${hint}`))}
                className="-mx-2 flex min-h-9 w-[calc(100%+1rem)] flex-wrap items-baseline gap-x-3 rounded-lg px-2 py-1.5 text-start text-sm hover:bg-kelp-wash pointer-coarse:min-h-11"
              >
                <span className="font-mono text-[0.8rem] text-kelp-strong">
                  {t(`find.hints.${hint}`)}
                </span>
                <span className="text-xs text-quiet">{t(`find.hintsAbout.${hint}`)}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
