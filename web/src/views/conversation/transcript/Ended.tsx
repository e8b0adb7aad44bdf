import { CircleAlert, CircleSlash, RotateCcw, Unplug } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { classes } from "~/parts/classes";

export type Ending = "failed" | "cancelled" | "interrupted";

const REASONS = new Set([
  "no_transcriber",
  "model_unreachable",
  "model_refused",
  "model_stalled",
  "model_incomplete",
]);

export const isEnding = (status: string | undefined): status is Ending =>
  status === "failed" || status === "cancelled" || status === "interrupted";

/** An answer that did not come to its end: what happened, and to try once more. */
export function Ended({
  status,
  reason,
  code,
  again,
}: {
  status: Ending;
  /** What the server says of it, and its stable code. */
  reason: string;
  code?: string | null | undefined;
  again: (() => void) | null;
}) {
  const { t } = useTranslation();
  const told = REASONS.has(code ?? "")
    ? t(`chat.reasons.${code as "no_transcriber"}`)
    : reason.replace(/^[A-Z]\w+: /, "");
  const Mark = { failed: CircleAlert, cancelled: CircleSlash, interrupted: Unplug }[status];
  return (
    <div
      className={classes(
        "my-2 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg px-3 py-2 text-sm",
        status === "failed" ? "bg-rust-wash" : "bg-sunken",
      )}
    >
      <Mark aria-hidden className={classes("size-4.5", status === "failed" && "text-rust")} />
      <div className="min-w-44 flex-1">
        <p>{t(`chat.ended.${status}`)}</p>
        {told && <p className="text-xs break-words text-quiet">{told}</p>}
      </div>
      {again && (
        <Button onClick={again}>
          <RotateCcw aria-hidden className="size-4" />
          {t("chat.retry")}
        </Button>
      )}
    </div>
  );
}
