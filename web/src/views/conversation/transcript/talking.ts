/** One conversation as it is now: its outline, its messages, and what is being said in it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";

import { api } from "~/api/client";
import { ME } from "~/api/queries";

import { hear } from "../live/hearing";
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
    if (!before) return;
    const follow = async () => {
      if (now.ids.length > before.ids.length) await talk.catchUp(before.ids.length);
      await talk.lookAgain();
      await takeUp(session);
    };
    // What fails here is asked for again with the next outline.
    void follow().catch(() => undefined);
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

  const listening = there && session !== "new" && head.data?.temporary === false;
  const refetch = outline.refetch;
  useEffect(() => {
    if (!listening) return;
    return hear(session, () => void refetch());
  }, [listening, session, refetch]);

  useSeen(head.data?.temporary === false ? session : "new", size - 1);
  return { talk, head, outline, lives };
}

/** What is on the screen has been seen, here and in the list. */
function useSeen(session: string, last: number): void {
  const client = useQueryClient();
  useEffect(() => {
    if (session === "new" || last < 0) return;
    const tell = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", tell);
      const params = { path: { user_id: ME, session_id: session } };
      void api
        .POST("/api/conversations/{user_id}/{session_id}/seen", { params, body: { seq: last } })
        .then(() => client.invalidateQueries({ queryKey: ["conversations"] }))
        // It stays marked as unread, and is told with the next message.
        .catch(() => undefined);
    };
    document.addEventListener("visibilitychange", tell);
    tell();
    return () => document.removeEventListener("visibilitychange", tell);
  }, [session, last, client]);
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
