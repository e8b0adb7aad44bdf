/** A room, live: what it holds, what happens in it, and how to say something. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { notify } from "~/state/notices";

import { messagesOf } from "./queries";
import { markSeen } from "./seen";
import { RoomSocket } from "./socket";
import { after, EMPTY, merged, type RoomState } from "./state";
import { useWaiting, type Waiting } from "./waiting";

const sockets = new RoomSocket();
const OLDER = 200;

export function useRoom(room: string, session: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [shown, setShown] = useState<RoomState>(EMPTY);
  const [begun, setBegun] = useState(false);
  const first = shown.messages[0]?.seq ?? 0;
  const last = shown.messages.at(-1)?.seq ?? -1;
  const known = useRef(-1);
  const send = useCallback(
    ({ key, text }: Waiting) =>
      sockets.send({ type: "post", room_id: room, text, client_key: key }),
    [room],
  );
  const { waiting, say, taken } = useWaiting(room, shown.state === "live", send);

  useEffect(() => {
    known.current = last;
    if (last >= 0) void markSeen(room, last);
  }, [room, last]);

  /** What an answer came to is read: several assistants may have answered in one turn. */
  const catchUp = useCallback(async () => {
    try {
      const { messages } = await messagesOf(room, { after_seq: known.current, limit: OLDER });
      setShown((now) => ({ ...now, messages: merged(now.messages, messages) }));
    } catch {
      // The socket tells when the server is away, and catches up when it is back.
    }
  }, [room]);

  // Whoever shows another room is made anew, so the state begins empty.
  useEffect(() => {
    return sockets.join(room, {
      session,
      seq: null,
      state: (state) => setShown((now) => (now.state === "gone" ? now : { ...now, state })),
      hear: (event) => {
        setShown((now) => after(now, event, Date.now()));
        if (event.type === "started" && event.client_key) taken(event.client_key);
        if (event.type === "error" && event.client_key) {
          taken(event.client_key);
          notify(t("rooms.notTaken"), { tone: "failed" });
        }
        if (["joined", "finished", "failed", "answering"].includes(event.type)) void catchUp();
        if (event.type === "finished")
          void client.invalidateQueries({ queryKey: ["rooms", room, "last"] });
      },
    });
  }, [room, session, catchUp, client, taken, t]);

  /** Older messages before the first that is shown; who reads only from joining on has none at some place. */
  const older = useCallback(async () => {
    if (first <= 0) return;
    const { messages } = await messagesOf(room, {
      after_seq: Math.max(-1, first - OLDER - 1),
      limit: Math.min(OLDER, first),
    });
    const before = messages.filter(({ seq }) => seq < first);
    if (!before.length) setBegun(true);
    setShown((now) => ({ ...now, messages: merged(before, now.messages) }));
  }, [room, first]);

  const typing = useCallback(() => void sockets.send({ type: "typing", room_id: room }), [room]);
  return { ...shown, waiting, older, hasOlder: first > 0 && !begun, say, tellTyping: typing };
}
