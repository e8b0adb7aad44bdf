/** The proof of an erasure, to keep. */
import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { saveJson } from "~/api/saving";
import { Button } from "~/parts/Button";
import { Layer } from "~/parts/Layer";
import { count, fullTime } from "~/state/times";

export type ReceiptOut = Shapes["ReceiptOut"];

export function Receipt({
  receipt,
  close,
}: {
  receipt: ReceiptOut | ReceiptOut[];
  close: () => void;
}) {
  const { t } = useTranslation();
  const all = Array.isArray(receipt) ? receipt : [receipt];
  const sum = (name: "messages" | "memories" | "thoughts" | "files") =>
    count(all.reduce((n, one) => n + one[name], 0));
  const last = all.at(-1);
  const keep = () =>
    saveJson(
      Array.isArray(receipt) ? all : last,
      `holdfast-receipt-${last?.audit_number ?? 0}.json`,
    );
  return (
    <Layer
      open
      close={close}
      title={t("history.receipt.title")}
      about={t("history.receipt.about")}
      foot={
        <>
          <Button onClick={keep}>
            <Download aria-hidden className="size-4" />
            {t("history.receipt.save")}
          </Button>
          <Button tone="main" onClick={close}>
            {t("do.close")}
          </Button>
        </>
      }
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm">
        {(["messages", "memories", "thoughts", "files"] as const).map((name) => (
          <div key={name} className="contents">
            <dt className="text-quiet">{t(`history.receipt.${name}`)}</dt>
            <dd className="tabular-nums">{sum(name)}</dd>
          </div>
        ))}
        {last && (
          <>
            <dt className="text-quiet">{t("history.receipt.at")}</dt>
            <dd>{fullTime(last.at)}</dd>
            <dt className="text-quiet">{t("history.receipt.keys")}</dt>
            <dd className="font-mono text-xs break-all">
              {all.flatMap((one) => one.keys_destroyed).join(", ")}
            </dd>
            <dt className="text-quiet">{t("history.receipt.digest")}</dt>
            <dd className="font-mono text-xs break-all">
              {last.audit_number} · {last.audit_digest}
            </dd>
          </>
        )}
      </dl>
    </Layer>
  );
}
