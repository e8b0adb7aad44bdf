import { MoreHorizontal, Pencil, Pin, PinOff, Trash2, Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";
import { Menu, MenuItem, MenuLine } from "~/parts/Menu";

import type { Memory } from "./queries";
import { useHand } from "./useHand";

/** What one may do with a memory. */
export function MemoryMenu({ memory, edit }: { memory: Memory; edit: () => void }) {
  const { t } = useTranslation();
  const hand = useHand();
  return (
    <Menu
      trigger={
        <IconButton
          name={t("memories.actions", { text: memory.text })}
          className="-me-2 -mt-2 pointer-coarse:-mt-3"
        >
          <MoreHorizontal />
        </IconButton>
      }
    >
      <MenuItem icon={<Pencil />} run={edit}>
        {t("memories.edit")}
      </MenuItem>
      <MenuItem icon={memory.pinned ? <PinOff /> : <Pin />} run={() => void hand.pin(memory)}>
        {t(memory.pinned ? "memories.unpin" : "memories.pin")}
      </MenuItem>
      {memory.corrected && (
        <MenuItem icon={<Undo2 />} run={() => void hand.undo(memory)}>
          {t("memories.takeBack")}
        </MenuItem>
      )}
      <MenuLine />
      <MenuItem danger icon={<Trash2 />} run={() => void hand.forget(memory)}>
        {t("memories.forget")}
      </MenuItem>
    </Menu>
  );
}
