/** What can be done to all that are chosen. */
import { Archive, ArchiveRestore, Download, FolderInput, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button, IconButton } from "~/parts/Button";

import type { Asked } from "./questions";

export function ChosenBar({
  count,
  archived,
  ask,
  all,
  done,
}: {
  count: number;
  archived: boolean;
  ask: (what: Asked["what"]) => void;
  all: () => void;
  done: () => void;
}) {
  const { t } = useTranslation();
  const none = count === 0;
  return (
    <div
      role="group"
      aria-label={t("history.withChosen")}
      className="border-t border-line bg-raised px-2 py-2"
    >
      <div className="flex items-center justify-between gap-2 ps-2">
        <p aria-live="polite" className="text-sm font-medium">
          {t("history.chosen", { count })}
        </p>
        <span className="flex">
          <Button tone="quiet" onClick={all}>
            {t("history.chooseAll")}
          </Button>
          <Button tone="quiet" onClick={done}>
            {t("history.chooseDone")}
          </Button>
        </span>
      </div>
      <div className="flex justify-around">
        <IconButton
          name={t(archived ? "history.unarchive" : "history.archive")}
          disabled={none}
          onClick={() => ask(archived ? "unarchive" : "archive")}
        >
          {archived ? <ArchiveRestore /> : <Archive />}
        </IconButton>
        <IconButton name={t("history.move")} disabled={none} onClick={() => ask("move")}>
          <FolderInput />
        </IconButton>
        <IconButton name={t("history.export")} disabled={none} onClick={() => ask("export")}>
          <Download />
        </IconButton>
        <IconButton
          name={t("history.delete")}
          disabled={none}
          className="text-rust"
          onClick={() => ask("trash")}
        >
          <Trash2 />
        </IconButton>
      </div>
    </div>
  );
}
