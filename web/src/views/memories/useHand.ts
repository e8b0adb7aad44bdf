/** What one may do with memories. Each tells what was done, and how to take it back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { meQuery } from "~/api/queries";
import { notify } from "~/state/notices";
import { day } from "~/state/times";

import {
  changeMemory,
  forgetMemory,
  mergeMemories,
  restoreMemory,
  trashMemory,
  undoMemory,
  type Memory,
  type MemoryChange,
} from "./queries";

const DAY_MS = 86_400_000;
const since = (memory: Memory) => memory.valid_from ?? memory.created_at;

export function useHand() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);

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

  /** To the trash, or for good where there is none. */
  async function forget(...memories: Memory[]) {
    const count = memories.length;
    if (me?.trash_days === 0)
      return run(
        () => Promise.all(memories.map(({ id }) => forgetMemory(id))),
        t("memories.forgottenForGood", { count }),
      );
    const until = day(Date.now() + (me?.trash_days ?? 30) * DAY_MS);
    return run(
      () => Promise.all(memories.map(({ id }) => trashMemory(id))),
      t("memories.forgotten", { count, until }),
      () => Promise.all(memories.map(({ id }) => restoreMemory(id))),
    );
  }

  return {
    forget,
    change: (memory: Memory, change: MemoryChange) =>
      run(
        () => changeMemory(memory.id, change),
        t("memories.changed"),
        () => undoMemory(memory.id),
      ),
    /** Of two that contradict each other the older one held until the newer one did. */
    end: (one: Memory, other: Memory) => {
      const [older, newer] = since(one) <= since(other) ? [one, other] : [other, one];
      return run(
        () => changeMemory(older.id, { valid_to: since(newer) }),
        t("memories.ended", { text: older.text }),
        () => undoMemory(older.id),
      );
    },
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
