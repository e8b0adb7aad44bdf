import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";

import { Button } from "./Button";

/** Something could not be shown: what happened, and a way on. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTranslation();
  return (
    <div
      role="alert"
      className="m-4 flex flex-wrap items-center gap-3 rounded-card bg-rust-wash px-4 py-3 text-sm"
    >
      <TriangleAlert aria-hidden className="size-5 text-rust" />
      <p className="min-w-0 flex-1">{sentence(error, t)}</p>
      {again && <Button onClick={again}>{t("do.tryAgain")}</Button>}
    </div>
  );
}
