/** One conversation in the trash: what it was, and when it goes. */
import { RotateCcw, Trash2 } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { Button, IconButton } from "~/parts/Button";
import { day, fullTime } from "~/state/times";

import type { Trashed } from "./queries";

interface Props {
  session: Trashed;
  chosen: boolean;
  toggle: () => void;
  restore: () => void;
  erase: () => void;
}

export const Row = memo(function Row({ session, chosen, toggle, restore, erase }: Props) {
  const { t } = useTranslation();
  const title = session.title || t("history.untitled");
  const { purge_at: goes } = session;
  return (
    <li className="flex items-center gap-2 rounded-card border border-line bg-raised py-2 ps-2 pe-2 [contain-intrinsic-size:auto_5rem] [content-visibility:auto] sm:gap-3">
      <label className="grid size-9 shrink-0 place-items-center pointer-coarse:size-11">
        <input
          type="checkbox"
          checked={chosen}
          onChange={toggle}
          aria-label={t("history.choose", { title })}
          className="size-4.5 accent-kelp"
        />
      </label>
      <div className="min-w-0 flex-1">
        <bdi className="block truncate font-medium">{title}</bdi>
        <bdi className="block truncate text-sm text-quiet">{session.preview}</bdi>
        <p className="text-xs text-quiet">
          {t("history.messages", { count: session.message_count })}
          {" · "}
          {day(session.last_message_at)}
          {goes && (
            <>
              {" · "}
              <time dateTime={goes} title={fullTime(goes)} className="text-rust">
                {t("history.bin.goes", { day: day(goes) })}
              </time>
            </>
          )}
        </p>
      </div>
      <Button
        className="hidden sm:inline-flex"
        onClick={restore}
        aria-label={t("history.bin.restoreOne", { title })}
      >
        <RotateCcw aria-hidden className="size-4" />
        {t("history.bin.restore")}
      </Button>
      <span className="sm:hidden">
        <IconButton name={t("history.bin.restoreOne", { title })} onClick={restore}>
          <RotateCcw />
        </IconButton>
      </span>
      <IconButton name={t("history.bin.eraseOne", { title })} className="text-rust" onClick={erase}>
        <Trash2 />
      </IconButton>
    </li>
  );
});
