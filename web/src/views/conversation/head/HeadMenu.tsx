import { Archive, ArchiveRestore, Download, FolderInput, Pin, PinOff, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { ME } from "~/api/queries";
import { Menu, MenuHead, MenuItem, MenuLine, More } from "~/parts/Menu";
import { arriving } from "~/state/arriving";
import { useActions } from "~/views/history/actions";
import type { Asked } from "~/views/history/questions";

import type { Session } from "../types";

const Questions = lazy(() => arriving(() => import("~/views/history/questions")));
const FORMATS = ["markdown", "json", "pdf"] as const;

/** What can be done with the whole conversation. */
export function HeadMenu({ info }: { info: Session }) {
  const { t } = useTranslation();
  const actions = useActions();
  const [asked, setAsked] = useState<Asked | null>(null);
  // The list's actions are for its rows, which are the same conversations.
  const row = info as unknown as NonNullable<Asked["session"]>;
  const ask = (what: Asked["what"]) => setAsked({ what, ids: [info.id], session: row });
  return (
    <>
      <Menu trigger={<More name={t("chat.menu")} className="!size-9 pointer-coarse:!size-11" />}>
        <MenuItem icon={info.pinned ? <PinOff /> : <Pin />} run={() => void actions.pin(row)}>
          {info.pinned ? t("chat.unpin") : t("chat.pin")}
        </MenuItem>
        <MenuItem icon={<FolderInput />} run={() => ask("move")}>
          {t("chat.move")}
        </MenuItem>
        <MenuItem
          icon={info.archived ? <ArchiveRestore /> : <Archive />}
          run={() => void actions.archive([info.id], !info.archived)}
        >
          {info.archived ? t("chat.unarchive") : t("chat.archive")}
        </MenuItem>
        <MenuLine />
        <MenuHead>{t("chat.export")}</MenuHead>
        {FORMATS.map((format) => (
          <MenuItem key={format} icon={<Download />} run={() => download(info.id, format)}>
            {t(`chat.formats.${format}`)}
          </MenuItem>
        ))}
        <MenuLine />
        <MenuItem icon={<Trash2 />} danger run={() => ask("trash")}>
          {t("chat.delete")}
        </MenuItem>
      </Menu>
      {asked && (
        <Suspense fallback={null}>
          <Questions asked={asked} close={() => setAsked(null)} done={() => setAsked(null)} />
        </Suspense>
      )}
    </>
  );
}

function download(session: string, format: string): void {
  const link = document.createElement("a");
  link.href = `/api/conversations/${ME}/${session}/export?format=${format}`;
  link.download = "";
  link.click();
}
