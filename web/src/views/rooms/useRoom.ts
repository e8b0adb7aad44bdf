/** A room, live: what it holds, what happens in it, and how to say something. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { messagesOf } from "./queries";
import { RoomSocket } from "./socket";
import { after, EMPTY, merged, type RoomState } from "./state";

const sockets = new RoomSocket();
const OLDER = 200;

export function useRoom(room: string, session: string) {
  const client = useQueryClient();
  const [shown, setShown] = useState<RoomState>(EMPTY);
  const first = shown.messages[0]?.seq ?? 0;
  const known = useRef(-1);

  useEffect(() => {
    known.current = shown.messages.at(-1)?.seq ?? -1;
  }, [shown.messages]);

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
        if (["finished", "failed", "recalled"].includes(event.type)) void catchUp();
        if (event.type === "finished")
          void client.invalidateQueries({ queryKey: ["rooms"], exact: true });
      },
    });
  }, [room, session, catchUp, client]);

  /** Older messages before the first that is shown. */
  const older = useCallback(async () => {
    if (first <= 0) return;
    const { messages } = await messagesOf(room, {
      after_seq: Math.max(-1, first - OLDER - 1),
      limit: Math.min(OLDER, first),
    });
    setShown((now) => ({ ...now, messages: merged(messages, now.messages) }));
  }, [room, first]);

  const post = useCallback(
    (text: string, key: string) =>
      sockets.send({ type: "post", room_id: room, text, client_key: key }),
    [room],
  );
  const typing = useCallback(() => void sockets.send({ type: "typing", room_id: room }), [room]);
  return { ...shown, older, hasOlder: first > 0, post, tellTyping: typing };
}
