/** What can be done to one conversation. One menu for the whole list: it opens where it is asked for. */
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
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";

import { MENU, MenuItem, MenuLine } from "~/parts/Menu";

import type { Session } from "./queries";

export type RowDo = "rename" | "pin" | "archive" | "move" | "export" | "choose" | "trash";

export interface OpenMenu {
  session: Session;
  /** The button it belongs to. */
  button: HTMLElement;
}

interface Props {
  menu: OpenMenu;
  act: (what: RowDo, session: Session) => void;
  close: () => void;
}

export function RowMenu({ menu, act, close }: Props) {
  const { t } = useTranslation();
  const { session, button } = menu;
  const box = button.getBoundingClientRect();
  const title = session.title || t("history.untitled");
  return (
    <DropdownMenu.Root open modal={false} onOpenChange={(open) => !open && close()}>
      <DropdownMenu.Trigger asChild>
        <span
          aria-hidden
          aria-label={t("history.actionsFor", { title })}
          className="pointer-events-none fixed"
          style={{ left: box.left, top: box.top, width: box.width, height: box.height }}
        />
      </DropdownMenu.Trigger>
      {/* Within the landmark that it belongs to, but above all of it. */}
      <DropdownMenu.Portal container={button.closest<HTMLElement>("section")}>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className={MENU}
          onInteractOutside={(event) => {
            // The same button closes it; it must not open it again.
            if (button.contains(event.target as Node)) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (document.activeElement === document.body) button.focus();
          }}
        >
          <Items session={session} act={act} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Items({ session, act }: Pick<Props, "act"> & { session: Session }) {
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
