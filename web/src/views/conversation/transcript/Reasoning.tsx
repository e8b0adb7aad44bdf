import { ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";

import { classes } from "~/parts/classes";

/** What the model thought on the way: folded, for whoever wants to know. */
export function Reasoning({
  text,
  open,
  toggle,
}: {
  text: string;
  open: boolean;
  toggle: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="my-1 text-sm">
      <button
        type="button"
        aria-expanded={open}
        onClick={toggle}
        className="inline-flex min-h-8 items-center gap-1 rounded-lg px-1 text-quiet hover:text-ink pointer-coarse:min-h-11"
      >
        <ChevronRight
          aria-hidden
          className={classes("size-4 transition-transform rtl:-scale-x-100", open && "rotate-90")}
        />
        {t("chat.reasoning")}
      </button>
      {open && (
        <p
          dir="auto"
          className="ms-3 border-s-2 border-line ps-4 font-serif whitespace-pre-wrap text-quiet italic"
        >
          {text}
        </p>
      )}
    </div>
  );
}
