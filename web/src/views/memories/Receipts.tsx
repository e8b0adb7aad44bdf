import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Time } from "~/parts/Time";

import { receiptsQuery } from "./queries";

/** What a conversation taught, run by run: what was learned, what was left out and why. */
export function Receipts({ session }: { session: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(receiptsQuery(session));
  if (!data?.receipts.length) return null;
  return (
    <section aria-label={t("memories.receipts")}>
      <h2 className="text-lg font-semibold">{t("memories.receipts")}</h2>
      <Link to="/c/$session" params={{ session }} className="text-sm">
        {t("memories.toSession")}
      </Link>
      <ol className="mt-3 space-y-1 text-sm">
        {data.receipts.map((one) => {
          const left = Object.values(one.reasons).reduce((sum, times) => sum + times, 0);
          return (
            <li key={`${one.at} ${one.first}`} className="border-s-2 border-line py-1.5 ps-4">
              <p>
                {one.nothing_new
                  ? t("memories.nothingNew")
                  : t("memories.learnedSome", { count: one.learned.length })}
                {left > 0 && ` ${t("memories.leftOut", { count: left })}`}
              </p>
              {left > 0 && (
                <ul className="list-disc ps-5 text-quiet">
                  {Object.entries(one.reasons).map(([why, times]) => (
                    <li key={why}>
                      {why.replaceAll("_", " ")}: {times}
                    </li>
                  ))}
                </ul>
              )}
              <p className="text-xs text-quiet">
                <Time at={one.at} />
                {one.model && ` · ${one.model}`}
              </p>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
