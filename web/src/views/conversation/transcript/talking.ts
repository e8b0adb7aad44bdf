/** One conversation as it is now: its outline, its messages, and what is being said in it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";

import { resume } from "../live/live";
import { useLives } from "../live/useLives";
import { headQuery, outlineQuery } from "../queries";
import type { Outline } from "../types";
import { talkOf } from "./store";

/** Memories are made of what was said a while after it was. */
const LEARNED_BY = [4_000, 15_000];

export function useTalk(session: string) {
  const talk = useMemo(() => talkOf(session), [session]);
  useSyncExternalStore(talk.listen, talk.snapshot);
  const head = useQuery(headQuery(session));
  const outline = useQuery(outlineQuery(session));
  const lives = useLives(session);

  useEffect(() => {
    const now = outline.data;
    if (!now || !differs(talk.outline, now)) return;
    const before = talk.outline;
    talk.takeOutline(now);
    if (before) void talk.lookAgain().then(() => takeUp(session));
  }, [talk, outline.data, session]);

  const there = head.isSuccess;
  useEffect(() => {
    if (there && session !== "new") void takeUp(session);
  }, [there, session]);

  const size = outline.data?.ids.length ?? 0;
  useEffect(() => {
    if (!size) return;
    const timers = LEARNED_BY.map((ms) =>
      setTimeout(() => void talk.lookAgain().catch(() => undefined), ms),
    );
    return () => timers.forEach(clearTimeout);
  }, [talk, size]);

  return { talk, head, outline, lives };
}

function differs(before: Outline | null, now: Outline): boolean {
  return (
    !before ||
    before.ids.length !== now.ids.length ||
    before.forgotten.length !== now.forgotten.length
  );
}

/** A turn that is open is being answered: by another tab, or before this page was loaded. */
async function takeUp(session: string): Promise<void> {
  if (!talkOf(session).hasOpenTurn()) return;
  try {
    await resume(session);
  } catch {
    // It is read when it has ended.
  }
}
