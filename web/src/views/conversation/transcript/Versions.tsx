import { ChevronLeft, ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";

import { useDoing } from "./doing";
import type { Versions as Shown } from "./tree";

/** "2 of 3": the same thing said differently, or answered once more. */
export function Versions({ versions }: { versions: Shown }) {
  const { t } = useTranslation();
  const { version } = useDoing();
  const { number, count, before, after } = versions;
  return (
    <span className="inline-flex items-center text-xs text-quiet">
      <IconButton
        name={t("chat.versionBefore")}
        disabled={before === null}
        onClick={() => before !== null && version(before)}
        className="!size-8 pointer-coarse:!size-11"
      >
        <ChevronLeft className="rtl:-scale-x-100" />
      </IconButton>
      <span className="tabular-nums">{t("chat.version", { number, of: count })}</span>
      <IconButton
        name={t("chat.versionAfter")}
        disabled={after === null}
        onClick={() => after !== null && version(after)}
        className="!size-8 pointer-coarse:!size-11"
      >
        <ChevronRight className="rtl:-scale-x-100" />
      </IconButton>
    </span>
  );
}
