/** How far one has read in each room, kept sealed in this browser. */
import { keepDraft, readDraft } from "~/state/drafts";

const NAME = "rooms.seen";

/** The place of the last message seen, by room. */
export const readSeen = async (): Promise<Readonly<Record<string, number>>> =>
  (await readDraft<Record<string, number>>(NAME)) ?? {};

export async function markSeen(room: string, seq: number): Promise<void> {
  const seen = await readSeen();
  if ((seen[room] ?? -1) < seq) await keepDraft(NAME, { ...seen, [room]: seq });
}
