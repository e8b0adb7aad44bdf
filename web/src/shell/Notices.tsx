import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Button, IconButton } from "~/parts/Button";
import { classes } from "~/parts/classes";
import { dismiss, useNotices, type Notice } from "~/state/notices";

/**
 * Read out politely; they wait while they are pointed at or hold the focus. They stand above the place where one
 * types, which is at the foot of most views.
 */
export function Notices() {
  const { t } = useTranslation();
  return (
    <section
      aria-label={t("shell.notices")}
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-28 z-50 flex flex-col items-center gap-2 p-4 pb-[max(1rem,env(safe-area-inset-bottom))]"
    >
      {useNotices().map((notice) => (
        <One key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function One({ notice }: { notice: Notice }) {
  const { t } = useTranslation();
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(notice.id), notice.stays);
    return () => clearTimeout(timer);
  }, [held, notice]);
  return (
    <div
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className={classes(
        "pointer-events-auto flex max-w-[min(36rem,100%)] items-center gap-2 rounded-xl py-1.5 ps-4 pe-1.5 text-sm shadow-layer",
        notice.tone === "failed" ? "bg-rust text-on-rust" : "bg-ink text-paper",
      )}
    >
      <p className="min-w-0 flex-1 break-words">{notice.text}</p>
      {notice.undo && (
        <Button
          tone="quiet"
          className="!text-current underline hover:!bg-transparent"
          onClick={() => {
            dismiss(notice.id);
            void notice.undo?.();
          }}
        >
          {t("do.undo")}
        </Button>
      )}
      {notice.act && (
        <Button
          tone="quiet"
          className="!text-current underline hover:!bg-transparent"
          onClick={notice.act.run}
        >
          {notice.act.label}
        </Button>
      )}
      <IconButton
        name={t("do.dismiss")}
        className="!text-current hover:!bg-transparent"
        onClick={() => dismiss(notice.id)}
      >
        <X />
      </IconButton>
    </div>
  );
}
