/**
 * What is known of one conversation: its outline, and of its messages those that were on the screen or near it.
 * Each is fetched once; what changed on the server is fetched again by its place.
 */
import { answer, api } from "~/api/client";
import { ME } from "~/api/queries";

import type { Message, Outline, Session, Turn } from "../types";

/** Longer texts come in pieces, when they are asked for. */
export const MAX_TEXT = 20_000;
const BLOCK = 40;
const AT_ONCE = 3;

export class Talk {
  outline: Outline | null = null;
  session: Session | null = null;
  /** What happened when the latest page was asked for. */
  failure: unknown = null;
  /** How much of a long text is shown, and which folds are open, by message. */
  readonly shown = new Map<string, number>();
  readonly unfolded = new Set<string>();
  /** Keys of live answers that are recorded now: the row stays the same. */
  readonly aliases = new Map<string, string>();
  version = 0;

  private readonly messages = new Map<string, Message>();
  private readonly turns = new Map<string, Turn>();
  private readonly asked = new Set<number>();
  private queue: number[] = [];
  private running = 0;
  private readonly listeners = new Set<() => void>();

  constructor(readonly id: string) {}

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  readonly snapshot = (): number => this.version;

  changed(): void {
    this.version++;
    for (const listener of this.listeners) listener();
  }

  message(place: number): Message | undefined {
    return this.messages.get(this.outline?.ids[place] ?? "");
  }

  turn(id: string | undefined): Turn | undefined {
    return id ? this.turns.get(id) : undefined;
  }

  /** The newest messages and the conversation itself, in one request. */
  async open(signal?: AbortSignal): Promise<Session> {
    const known = this.messages.size > 0;
    const query = known ? { last: 1, max_text: MAX_TEXT } : { last: BLOCK, max_text: MAX_TEXT };
    return this.take(await this.page(query, signal));
  }

  takeOutline(outline: Outline): void {
    const before = this.outline;
    this.outline = outline;
    for (const place of outline.forgotten) {
      const known = this.messages.get(outline.ids[place] ?? "");
      if (known?.text || known?.tool || known?.file) {
        this.messages.set(known.id, {
          ...known,
          text: "",
          size: 0,
          cut: false,
          tool: null,
          file: null,
        });
      }
    }
    if (before && before.ids.length !== outline.ids.length) this.reask(before.ids.length);
    this.changed();
  }

  /** Have the messages of these places, sooner or later. */
  want(places: readonly number[]): void {
    for (const place of places) {
      const block = Math.floor(place / BLOCK);
      if (this.message(place) || this.asked.has(place) || this.queue.includes(block)) continue;
      this.queue.push(block);
    }
    this.fetchNext();
  }

  /** All that is recorded from a place on, at once; how a turn that has ended is taken over. */
  async catchUp(from: number): Promise<void> {
    const after_seq = Math.max(from, 0) - 1;
    if (after_seq < 0) this.take(await this.page({ last: BLOCK, max_text: MAX_TEXT }));
    else this.take(await this.page({ after_seq, limit: 200, max_text: MAX_TEXT }));
  }

  /** Turns that had not ended, or may have taught something since: look again. */
  async lookAgain(): Promise<void> {
    const first = this.unsettled();
    if (first !== null) await this.catchUp(first);
  }

  hasOpenTurn(): boolean {
    return [...this.turns.values()].some((turn) => turn.status === "open");
  }

  async whole(id: string): Promise<Message> {
    const path = { user_id: ME, session_id: this.id, message_id: id };
    const message = await answer(
      api.GET("/api/conversations/{user_id}/{session_id}/messages/{message_id}", {
        params: { path },
      }),
    );
    this.messages.set(id, message);
    this.changed();
    return message;
  }

  show(id: string, characters: number): void {
    this.shown.set(id, characters);
    this.changed();
  }

  fold(id: string): void {
    if (!this.unfolded.delete(id)) this.unfolded.add(id);
    this.changed();
  }

  private unsettled(): number | null {
    const open = new Set(
      [...this.turns.values()]
        .filter((turn) => turn.status === "open" || recent(turn.ended_at))
        .map((turn) => turn.id),
    );
    let first: number | null = null;
    for (const message of this.messages.values())
      if (open.has(message.turn_id)) first = Math.min(first ?? message.seq, message.seq);
    return first;
  }

  /** Messages at the end may have been asked for before they were there. */
  private reask(from: number): void {
    for (const place of this.asked) if (place >= from) this.asked.delete(place);
  }

  private fetchNext(): void {
    while (this.running < AT_ONCE && this.queue.length) {
      // The latest wish is what is on the screen now.
      const block = this.queue.pop() ?? 0;
      const missing: number[] = [];
      const end = Math.min((block + 1) * BLOCK, this.outline?.ids.length ?? 0);
      for (let place = block * BLOCK; place < end; place++)
        if (!this.message(place) && !this.asked.has(place)) missing.push(place);
      const [first] = missing;
      const last = missing.at(-1);
      if (first === undefined || last === undefined) continue;
      this.running++;
      void this.fetchRun(first, last);
    }
  }

  private async fetchRun(first: number, last: number): Promise<void> {
    const limit = last - first + 1;
    for (let place = first; place <= last; place++) this.asked.add(place);
    try {
      this.take(await this.page({ after_seq: first - 1, limit, max_text: MAX_TEXT }));
      this.failure = null;
    } catch (error) {
      for (let place = first; place <= last; place++) this.asked.delete(place);
      this.failure = error;
      this.queue = [];
      this.changed();
    }
    this.running--;
    this.fetchNext();
  }

  private async page(
    query: { last?: number; after_seq?: number; limit?: number; max_text: number },
    signal?: AbortSignal,
  ) {
    const path = { user_id: ME, session_id: this.id };
    const asked = api.GET("/api/conversations/{user_id}/{session_id}", {
      params: { path, query },
      ...(signal ? { signal } : {}),
    });
    return (await answer(asked)).session;
  }

  private take({ turns, ...session }: Awaited<ReturnType<Talk["page"]>>): Session {
    for (const { messages, ...turn } of turns) {
      this.turns.set(turn.id, turn);
      for (const message of messages) {
        const known = this.messages.get(message.id);
        // A whole text that is known is not given up for its beginning.
        if (!known || known.cut || !message.cut) this.messages.set(message.id, message);
      }
    }
    this.session = session;
    this.changed();
    return session;
  }
}

const recent = (ended: string | null) =>
  ended !== null && Date.now() - new Date(ended).getTime() < 60_000;

const talks = new Map<string, Talk>();
const KEPT = 8;

/** The same one for as long as it is among the latest that were looked at. */
export function talkOf(id: string): Talk {
  const talk = talks.get(id) ?? new Talk(id);
  talks.delete(id);
  talks.set(id, talk);
  for (const name of talks.keys()) if (talks.size > KEPT) talks.delete(name);
  return talk;
}
