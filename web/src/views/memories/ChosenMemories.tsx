import { Combine, Trash2, X } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button, IconButton } from "~/parts/Button";

import type { Memory } from "./queries";
import { useHand } from "./useHand";

/** What may be done with those that are ticked. */
export function ChosenMemories({
  memories,
  merge,
  none,
}: {
  memories: readonly Memory[];
  merge: () => void;
  none: () => void;
}) {
  const { t } = useTranslation();
  const hand = useHand();
  if (!memories.length) return null;
  return (
    <div className="px-4 pb-3 sm:px-6">
      <div
        role="group"
        aria-label={t("memories.withChosen")}
        className="mx-auto flex max-w-3xl flex-wrap items-center gap-2 rounded-card bg-kelp-wash py-1.5 ps-4 pe-1.5 text-sm"
      >
        <span role="status" className="me-auto font-medium">
          {t("memories.chosen", { count: memories.length })}
        </span>
        <Button disabled={memories.length < 2} onClick={merge}>
          <Combine aria-hidden className="size-4" />
          {t("memories.merge")}
        </Button>
        <Button onClick={() => void hand.forget(...memories).then((done) => done && none())}>
          <Trash2 aria-hidden className="size-4 text-rust" />
          {t("memories.forget")}
        </Button>
        <IconButton name={t("memories.chooseNone")} onClick={none}>
          <X />
        </IconButton>
      </div>
    </div>
  );
}
