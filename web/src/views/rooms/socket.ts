/**
 * One socket for all rooms that are looked at. It comes back by itself, where it was, and asks for what it
 * missed; who listens hears the events of their room alone.
 */
import { raw } from "~/api/client";
import { onBack } from "~/state/connection";

import type { RoomEvent, ServerFrame } from "./events";

export interface Listener {
  /** The session of the room: frames of its turns name that, and not the room. */
  session: string;
  /** The `seq` of the last event heard; null before the first. */
  seq: number | null;
  hear: (event: RoomEvent) => void;
  /** Whether the room is heard now. */
  state: (state: "joining" | "live" | "away") => void;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;

export class RoomSocket {
  readonly #listeners = new Map<string, Listener>();
  #socket: WebSocket | null = null;
  #opening = false;
  #wait = FIRST_WAIT;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    onBack(() => this.#again(0));
  }

  /** Listen to a room until the returned function is called. */
  join(room: string, listener: Listener): () => void {
    this.#listeners.set(room, listener);
    listener.state("joining");
    if (this.#socket?.readyState === WebSocket.OPEN) this.#join(room, listener);
    else void this.#open();
    return () => {
      this.#listeners.delete(room);
      this.send({ type: "leave", room_id: room });
      if (!this.#listeners.size) this.#close();
    };
  }

  /** False when there is no connection: nothing was sent. */
  send(frame: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  async #open() {
    if (this.#opening || this.#socket || !this.#listeners.size) return;
    this.#opening = true;
    try {
      const response = await raw("/api/ws-ticket", { method: "POST" });
      const { ticket } = (await response.json()) as { ticket: string };
      const socket = new WebSocket(
        `${location.origin.replace("http", "ws")}/ws?ticket=${encodeURIComponent(ticket)}&session_id=none`,
      );
      this.#socket = socket;
      socket.addEventListener("open", () => {
        this.#wait = FIRST_WAIT;
        for (const [room, listener] of this.#listeners) this.#join(room, listener);
      });
      socket.addEventListener("message", ({ data }) =>
        this.#take(JSON.parse(data as string) as ServerFrame),
      );
      socket.addEventListener("close", () => {
        if (this.#socket !== socket) return;
        this.#socket = null;
        this.#again(this.#wait);
      });
    } catch {
      this.#again(this.#wait);
    } finally {
      this.#opening = false;
    }
  }

  #again(wait: number) {
    if (this.#socket || !this.#listeners.size) return;
    for (const listener of this.#listeners.values()) listener.state("away");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#open(), wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  #close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #join(room: string, listener: Listener) {
    const after = listener.seq === null ? {} : { after_seq: listener.seq };
    this.send({ type: "join", room_id: room, ...after });
  }

  #take({ seq, session_id, event }: ServerFrame) {
    for (const [room, listener] of this.#listeners) {
      const named = "room_id" in event ? event.room_id : null;
      if (named !== room && (named !== null || session_id !== listener.session)) continue;
      if (event.type === "joined") listener.state("live");
      listener.seq = seq;
      listener.hear(event);
    }
  }
}
