/** What can be done to one conversation. */
import {
  Archive,
  ArchiveRestore,
  CircleCheck,
  Download,
  FolderInput,
  Pencil,
  Pin,
  PinOff,
  Trash2,
} from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Menu, MenuItem, MenuLine } from "~/parts/Menu";

import type { Session } from "./queries";

export type RowDo = "rename" | "pin" | "archive" | "move" | "export" | "choose" | "trash";

interface Props {
  session: Session;
  title: string;
  act: (what: RowDo, session: Session) => void;
  children: ReactNode;
}

export function RowMenu({ session, title, act, children }: Props) {
  return (
    <Menu trigger={children}>
      <Items session={session} title={title} act={act} />
    </Menu>
  );
}

function Items({ session, act }: Omit<Props, "children">) {
  const { t } = useTranslation();
  const run = (what: RowDo) => () => act(what, session);
  return (
    <>
      <MenuItem icon={<Pencil />} run={run("rename")}>
        {t("history.rename")}
      </MenuItem>
      <MenuItem icon={session.pinned ? <PinOff /> : <Pin />} run={run("pin")}>
        {t(session.pinned ? "history.unpin" : "history.pin")}
      </MenuItem>
      <MenuItem icon={session.archived ? <ArchiveRestore /> : <Archive />} run={run("archive")}>
        {t(session.archived ? "history.unarchive" : "history.archive")}
      </MenuItem>
      <MenuItem icon={<FolderInput />} run={run("move")}>
        {t("history.move")}
      </MenuItem>
      <MenuItem icon={<Download />} run={run("export")}>
        {t("history.export")}
      </MenuItem>
      <MenuItem icon={<CircleCheck />} run={run("choose")}>
        {t("history.select")}
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Trash2 />} danger run={run("trash")}>
        {t("history.delete")}
      </MenuItem>
    </>
  );
}
