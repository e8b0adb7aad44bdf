/** Where one lands: at a message with its words marked, on the way that leads past it; else at the end. */
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";

import { usePlace } from "~/place";
import { useKeys } from "~/state/keys";
import { notify } from "~/state/notices";
import { placesOf } from "~/markdown/words";

import { firstMessageOf } from "./turnMessage";
import type { Talk } from "./transcript/store";
import type { TranscriptHandle } from "./transcript/Transcript";
import { leadingTo, treeOf, type Chosen } from "./transcript/tree";

interface Hit {
  message_id: string;
  seq: number;
  start: number;
}

const NOTHING: Chosen = new Map();

export function useLanding(talk: Talk, transcript: RefObject<TranscriptHandle | null>) {
  const { t } = useTranslation();
  const go = useNavigate();
  const { session, message, words, turn } = usePlace();
  const [ways, setWays] = useState<{ session: string | null; chosen: Chosen }>({
    session,
    chosen: NOTHING,
  });
  const chosen = ways.session === session ? ways.chosen : NOTHING;
  const setChosen = useCallback(
    (change: Chosen | ((before: Chosen) => Chosen)) =>
      setWays((before) => {
        const old = before.session === session ? before.chosen : NOTHING;
        return { session, chosen: typeof change === "function" ? change(old) : change };
      }),
    [session],
  );
  const [marks, setMarks] = useState<{ message: string; words: string } | null>(null);
  const [landed, setLanded] = useState<string | null>(null);
  const { outline } = talk;
  const wanted = message ? `${session} ${message} ${words}` : null;
  const place = message && outline ? outline.ids.indexOf(message) : -1;

  useEffect(() => {
    if (!turn || message || !session || session === "new") return;
    // The address of the message takes the place of that of its turn.
    const land = async () => {
      const first = await firstMessageOf(session, turn);
      const search = { message: first ?? turn } as never;
      await go({ to: "/c/$session", params: { session }, search, replace: true });
    };
    void land().catch(() => notify(t("chat.messageGone"), { tone: "failed" }));
  }, [turn, message, session, go, t]);

  // What the address wants is taken over while drawing, so that the first drawing shows it.
  if (wanted && outline && landed !== wanted) {
    setLanded(wanted);
    if (place >= 0) {
      setChosen((before) => leadingTo(treeOf(outline), place, before));
      setMarks({ message: message ?? "", words });
    }
  }
  if (!wanted && landed) setLanded(null);
  useEffect(() => {
    if (!landed) return;
    if (place < 0) notify(t("chat.messageGone"), { tone: "failed" });
    else requestAnimationFrame(() => transcript.current?.goTo(place));
    // Once for each landing, not again when the conversation grows.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies, react-hooks/exhaustive-deps
  }, [landed]);

  const clearMarks = useCallback(() => {
    setMarks(null);
    if (message && session)
      void go({ to: "/c/$session", params: { session }, search: {}, replace: true });
  }, [go, message, session]);
  /** Something new is said: the way leads to it. */
  const clear = useCallback(() => {
    setChosen(NOTHING);
    clearMarks();
  }, [setChosen, clearMarks]);

  /** A hit of the bar that finds within the conversation. */
  const show = useCallback(
    (hit: Hit, query: string) => {
      if (!talk.outline) return;
      const path = leadingTo(treeOf(talk.outline), hit.seq, chosen);
      setChosen(path);
      setMarks({ message: hit.message_id, words: `"${query.replaceAll('"', " ")}"` });
      const text = talk.message(hit.seq)?.text ?? "";
      const before = [...text].slice(0, hit.start).join("");
      requestAnimationFrame(() =>
        transcript.current?.goTo(hit.seq, placesOf(before, query).length),
      );
    },
    [talk, chosen, setChosen, transcript],
  );

  useKeys([
    { keys: "Escape", does: "clearMarks", typing: true, when: () => !!marks, run: clearMarks },
  ]);

  return useMemo(
    () => ({
      chosen,
      setChosen,
      marks,
      clear,
      clearMarks,
      show,
      place: place >= 0 ? place : null,
      ready: !wanted || landed === wanted,
    }),
    [chosen, setChosen, marks, clear, clearMarks, show, place, wanted, landed],
  );
}
