/** What a memory said when something became of it: the list tells of it as it is now. */
import type { Shapes } from "~/api/client";

type Change = Pick<Shapes["MemoryChangeOut"], "what" | "before"> & {
  memory: { id: string; text: string };
};

/** For each change, newest first, what the memory said then: what the next one to put it right found. */
export function saidThen(changes: readonly Change[]): string[] {
  const found = new Map<string, string>();
  return changes.map(({ what, before, memory }) => {
    const said = found.get(memory.id) ?? memory.text;
    if (what === "corrected" && before !== null) found.set(memory.id, before);
    return said;
  });
}
