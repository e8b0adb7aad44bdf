/** What one may do with memories. Each tells what was done, and how to take it back. */
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { notify } from "~/state/notices";

import {
  changeMemory,
  mergeMemories,
  restoreMemory,
  trashMemory,
  undoMemory,
  type Memory,
  type MemoryChange,
} from "./queries";

export function useHand() {
  const { t } = useTranslation();
  const client = useQueryClient();

  async function run(work: () => Promise<unknown>, said?: string, back?: () => Promise<unknown>) {
    try {
      await work();
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
      return false;
    } finally {
      await client.invalidateQueries({ queryKey: ["memories"] });
    }
    if (said) notify(said, back ? { undo: () => void run(back) } : {});
    return true;
  }

  return {
    forget: (memory: Memory) =>
      run(
        () => trashMemory(memory.id),
        t("memories.forgotten"),
        () => restoreMemory(memory.id),
      ),
    change: (memory: Memory, change: MemoryChange) =>
      run(
        () => changeMemory(memory.id, change),
        t("memories.changed"),
        () => undoMemory(memory.id),
      ),
    pin: (memory: Memory) => run(() => changeMemory(memory.id, { pinned: !memory.pinned })),
    undo: (memory: Memory) => run(() => undoMemory(memory.id), t("memories.undone")),
    merge: (ids: string[], text: string) =>
      run(
        () => mergeMemories(ids, text),
        t("memories.merged"),
        () => undoMemory(ids[0]!),
      ),
    run,
  };
}
