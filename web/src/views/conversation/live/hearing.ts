/**
 * What others say in the open conversation (another tab, another machine) is told by a socket that listens. It
 * only tells that there is something: it is read, and followed, like everything else.
 */
import { raw } from "~/api/client";
import { Failure } from "~/api/failures";
import { onBack } from "~/state/connection";

import { livesOf } from "./live";

interface Frame {
  event: { type: string; client_key?: string | null; turn_id?: string; resumed?: boolean };
}

/** Nothing of this is needed for the first drawing. */
const FIRST = 1500;
const LONGEST = 20_000;

/** Listen until the returned function is called. */
export function hear(session: string, tell: () => void): () => void {
  let ended = false;
  let socket: WebSocket | undefined;
  let wait = FIRST;
  let heard = 0;
  let timer = setTimeout(() => void open(), FIRST);

  const open = async () => {
    try {
      const response = await raw("/api/ws-ticket", { method: "POST" });
      const { ticket } = (await response.json()) as { ticket: string };
      if (ended) return;
      const address = new URL("/ws", location.href.replace(/^http/, "ws"));
      address.search = String(new URLSearchParams({ ticket, session_id: session }));
      socket = new WebSocket(address);
      socket.addEventListener("open", () => {
        wait = FIRST;
      });
      socket.addEventListener("message", ({ data }) => take(JSON.parse(data as string) as Frame));
      socket.addEventListener("close", again);
    } catch (error) {
      // Where sockets are not for this login, or too many are open, the outline is asked now and then.
      if (!(error instanceof Failure) || error.passing) again();
    }
  };
  const again = () => {
    if (ended) return;
    clearTimeout(timer);
    timer = setTimeout(() => void open(), wait);
    wait = Math.min(wait * 2, LONGEST);
  };
  const take = ({ event }: Frame) => {
    const ours = livesOf(session).some(
      ({ said, about }) => said.key === event.client_key || about.turn_id === event.turn_id,
    );
    if (event.type === "history") {
      // After a lost connection something may have been missed.
      if (heard++) tell();
    } else if (["started", "finished", "failed"].includes(event.type) && !ours) tell();
  };
  const stopBack = onBack(() => {
    if (socket?.readyState === WebSocket.OPEN) return;
    wait = FIRST;
    again();
  });
  return () => {
    ended = true;
    clearTimeout(timer);
    stopBack();
    socket?.close();
  };
}
