import { FileCheck2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { saveJson } from "~/api/saving";
import { Button } from "~/parts/Button";
import { count, fullTime } from "~/state/times";

/** What was erased, to keep. */
export function Receipt({ receipts }: { receipts: readonly Shapes["ReceiptOut"][] }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="receipt" className="rounded-card border border-line bg-raised p-5">
      <h2 id="receipt" className="flex items-center gap-2 text-xl font-semibold">
        <FileCheck2 aria-hidden className="size-6 text-kelp" />
        {t("profile.receipt")}
      </h2>
      <p className="mt-1 text-sm text-quiet">{t("profile.receiptAbout")}</p>
      {receipts.map((one) => (
        <dl
          key={one.audit_digest}
          className="mt-4 grid gap-x-6 gap-y-1 text-sm sm:grid-cols-[auto_1fr]"
        >
          <Line name={t("profile.when")} value={fullTime(one.at)} />
          <Line name={t("profile.conversations")} value={count(one.sessions)} />
          <Line name={t("profile.messages")} value={count(one.messages)} />
          <Line name={t("profile.memories")} value={count(one.memories)} />
          <Line name={t("profile.thoughts")} value={count(one.thoughts)} />
          <Line name={t("profile.files")} value={count(one.files)} />
          {one.key_backups_left > 0 && (
            <Line name={t("profile.keyBackups")} value={count(one.key_backups_left)} />
          )}
          <Line name={t("profile.keysDestroyed")} value={one.keys_destroyed.join(", ")} mono />
          <Line
            name={t("profile.audit")}
            value={`${one.audit_number} · ${one.audit_digest}`}
            mono
          />
        </dl>
      ))}
      <div className="mt-5 flex flex-wrap gap-2">
        <Button
          tone="main"
          onClick={() =>
            saveJson(receipts.length === 1 ? receipts[0] : receipts, "holdfast-receipt.json")
          }
        >
          {t("profile.receiptSave")}
        </Button>
        <Button onClick={() => window.location.assign("/")}>{t("profile.startAgain")}</Button>
      </div>
    </section>
  );
}

function Line({ name, value, mono }: { name: string; value: string; mono?: boolean }) {
  return (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className={mono ? "font-mono text-xs leading-5 break-all" : ""}>{value}</dd>
    </>
  );
}
