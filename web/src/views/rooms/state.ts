/** A room as it is shown, and what each event makes of it. Nothing here asks or waits. */
import type { Message, RoomEvent } from "./events";

export interface Running {
  turn: string;
  /** What was said, which names those who answer. */
  asked: string;
  /** Who answers now, by slug; null before the first. */
  who: string | null;
  /** What has come of the answer that is being worded. */
  text: string;
}

export interface RoomState {
  state: "joining" | "live" | "away" | "gone";
  /** In the order of `seq`. */
  messages: readonly Message[];
  running: readonly Running[];
  present: readonly string[];
  /** Who writes, and since when (ms). */
  typing: Readonly<Record<string, number>>;
}

export const EMPTY: RoomState = {
  state: "joining",
  messages: [],
  running: [],
  present: [],
  typing: {},
};

/** Messages by place, each once; a later copy replaces an earlier one. */
export function merged(known: readonly Message[], more: readonly Message[]): readonly Message[] {
  if (!more.length) return known;
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of more) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

export function after(room: RoomState, event: RoomEvent, now: number): RoomState {
  switch (event.type) {
    case "joined":
      return {
        ...room,
        state: "live",
        messages: merged(room.messages, event.messages),
        running: event.resumed ? room.running : [],
      };
    case "left":
      return event.reason === "not_found" ? { ...room, state: "gone" } : room;
    case "present":
      return { ...room, present: event.user_ids };
    case "typing":
      return { ...room, typing: { ...room.typing, [event.user_id]: now } };
    case "started": {
      const { [event.message?.author ?? ""]: _, ...typing } = room.typing;
      return {
        ...room,
        typing,
        messages: event.message ? merged(room.messages, [event.message]) : room.messages,
        running: [
          ...room.running,
          { turn: event.turn_id, asked: event.message?.text ?? "", who: null, text: "" },
        ],
      };
    }
    case "answering":
      // The next of those who were named begins.
      return running(room, event.turn_id, () => ({ who: event.assistant, text: "" }));
    case "fell_back":
      // Another model does.
      return running(room, event.turn_id, () => ({ text: "" }));
    case "delta":
      return running(room, event.turn_id, ({ text }) => ({ text: text + event.text }));
    case "finished":
      return {
        ...room,
        messages: event.message ? merged(room.messages, [event.message]) : room.messages,
        running: room.running.filter((one) => one.turn !== event.turn_id),
      };
    case "failed":
      return { ...room, running: room.running.filter((one) => one.turn !== event.turn_id) };
    default:
      return room;
  }
}

function running(
  room: RoomState,
  turn: string,
  change: (one: Running) => Partial<Running>,
): RoomState {
  return {
    ...room,
    running: room.running.map((one) => (one.turn === turn ? { ...one, ...change(one) } : one)),
  };
}

const TYPED_MS = 4_000;

/** Who writes just now, without oneself. */
export function writing(room: Pick<RoomState, "typing">, me: string, now: number): string[] {
  return Object.entries(room.typing)
    .filter(([who, at]) => who !== me && now - at < TYPED_MS)
    .map(([who]) => who);
}
