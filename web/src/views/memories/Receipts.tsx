import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId } from "react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Time } from "~/parts/Time";

import { receiptsQuery } from "./queries";
import { reasonOf } from "./reasons";

/** What a conversation taught, run by run: what was learned, what was left out and why. */
export function Receipts({ session }: { session: string }) {
  const { t } = useTranslation();
  const id = useId();
  const { data } = useQuery(receiptsQuery(session));
  if (!data?.receipts.length) return null;
  return (
    <section aria-labelledby={id}>
      <div className="flex flex-wrap items-baseline gap-x-4">
        <h2 id={id} className="text-lg font-semibold">
          {t("memories.receipts")}
        </h2>
        <Link
          to="/c/$session"
          params={{ session }}
          className="inline-flex min-h-6 items-center text-sm"
        >
          {t("memories.toSession")}
        </Link>
      </div>
      <ol className="mt-3 space-y-1 text-sm">
        {data.receipts.map((one) => (
          <Receipt key={`${one.at} ${one.first}`} receipt={one} />
        ))}
      </ol>
    </section>
  );
}

function Receipt({ receipt }: { receipt: Shapes["LearningReceiptOut"] }) {
  const { t } = useTranslation();
  const reasons = Object.entries(receipt.reasons);
  const left = reasons.reduce((sum, [, times]) => sum + times, 0);
  return (
    <li className="border-s-2 border-line py-1.5 ps-4">
      <p>
        {receipt.nothing_new
          ? t("memories.nothingNew")
          : t("memories.learnedSome", { count: receipt.learned.length })}
        {receipt.closed.length > 0 && (
          <> {t("memories.closedSome", { count: receipt.closed.length })}</>
        )}
        {left > 0 && <> {t("memories.leftOut", { count: left })}</>}
      </p>
      {left > 0 && (
        <ul className="list-disc ps-5 text-quiet">
          {reasons.map(([why, times]) => (
            <li key={why}>
              {t(`memories.reason.${reasonOf(why)}`)}
              {times > 1 && ` (${times})`}
            </li>
          ))}
        </ul>
      )}
      <p className="text-xs text-quiet">
        <Time at={receipt.at} /> ·{" "}
        {receipt.model ? t("memories.byModel", { name: receipt.model }) : t("memories.byRules")}
      </p>
    </li>
  );
}
