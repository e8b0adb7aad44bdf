/**
 * Saying something: kept, sealed, before it is sent, until the server has it; sent under a key of its own, so
 * that however often that is, it is heard once; followed to its end, over lost connections, too.
 */
import { Failure } from "~/api/failures";
import { raw } from "~/api/client";
import { ME, queries } from "~/api/queries";
import { arriving } from "~/state/arriving";
import { isOnline, onBack } from "~/state/connection";
import { keepDraft, readDraft } from "~/state/drafts";

import { takeOver } from "./takeover";
import type { Live, LiveMessage, Said } from "./types";

type Lives = readonly Live[];

const NONE: Lives = [];
const lives = new Map<string, Lives>();
const listeners = new Set<() => void>();
/** Sessions of which nothing may be kept in the browser. */
const unkept = new Set<string>();
const kept = new Map<string, readonly Said[]>();

export const listenLive = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
export const livesOf = (session: string): Lives => lives.get(session) ?? NONE;

function setLives(session: string, now: Lives): void {
  if (now.length) lives.set(session, now);
  else lives.delete(session);
  for (const listener of listeners) listener();
}

function change(session: string, key: string, to: Partial<Live>): void {
  setLives(
    session,
    livesOf(session).map((live) => (live.said.key === key ? { ...live, ...to } : live)),
  );
}

export function dropLive(session: string, key: string): void {
  setLives(
    session,
    livesOf(session).filter((live) => live.said.key !== key),
  );
  keepUnsent(session, key, null);
}

function keepUnsent(session: string, key: string, said: Said | null): void {
  if (unkept.has(session)) return;
  const others = (kept.get(session) ?? []).filter((one) => one.key !== key);
  const now = said ? [...others, said] : others;
  if (!said && others.length === (kept.get(session) ?? []).length) return;
  kept.set(session, now);
  void keepDraft(`unsent.${session}`, now.length ? now : null);
}

export const newKey = (): string => crypto.randomUUID();
/** The AI SDK, while somebody types and not before. */
export const warmStream = (): Promise<typeof import("./stream")> =>
  arriving(() => import("./stream"));

/** Say it: kept first, then sent. */
export function say(session: string, said: Said): void {
  const live: Live = {
    said,
    state: "sending",
    failure: null,
    message: null,
    about: {},
  };
  setLives(session, [...livesOf(session), live]);
  keepUnsent(session, said.key, said);
  void post(session, live);
}

export function keepNothingOf(session: string): void {
  unkept.add(session);
}

/** Show as unsent what has no conversation yet. */
export function keepAllOf(session: string): void {
  unkept.delete(session);
}

export function hold(session: string, said: Said, failure: Failure | null): void {
  const live: Live = {
    said,
    state: failure ? "unsent" : "sending",
    failure,
    message: null,
    about: {},
  };
  setLives(session, [...livesOf(session).filter((one) => one.said.key !== said.key), live]);
  keepUnsent(session, said.key, said);
}

export function retry(session: string, key: string): void {
  const live = livesOf(session).find((one) => one.said.key === key);
  if (!live || live.state !== "unsent") return;
  change(session, key, { state: "sending", failure: null });
  void post(session, live);
}

/** What was kept over a reload. It goes out when the server takes it, as the same turn. */
export async function restoreUnsent(session: string): Promise<readonly Said[]> {
  const before = await readDraft<Said[]>(`unsent.${session}`);
  if (!before?.length) return [];
  const known = new Set(livesOf(session).map((live) => live.said.key));
  const restored = before.filter((said) => !known.has(said.key));
  kept.set(session, before);
  setLives(session, [
    ...livesOf(session),
    ...restored.map((said): Live => ({
      said,
      state: "unsent",
      failure: null,
      message: null,
      about: {},
    })),
  ]);
  if (session !== "new" && isOnline()) for (const said of restored) retry(session, said.key);
  return restored;
}

function address(session: string): string {
  return `/api/conversations/${ME}/${encodeURIComponent(session)}`;
}

async function post(session: string, live: Live): Promise<void> {
  const { key, text, speech, edits, answers } = live.said;
  const body = {
    text,
    client_key: key,
    ...(speech
      ? { audio: { data: speech.data, media_type: speech.media_type, name: speech.name } }
      : {}),
    ...(edits ? { edits } : {}),
    ...(answers ? { answers } : {}),
  };
  try {
    const response = await raw(`${address(session)}/turns`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
    });
    await follow(session, key, response);
  } catch (error) {
    unsent(session, key, error);
  }
}

function unsent(session: string, key: string, error: unknown): void {
  const failure = error instanceof Failure ? error : new Failure(0, "page", "", "");
  change(session, key, { state: "unsent", failure });
  // Too much at once, or this very turn is being answered: the server says when to come again.
  if (failure.status === 429 || failure.code === "conflict")
    setTimeout(() => retry(session, key), (failure.retryAfter ?? 2) * 1000);
}

/** Read the answer to its end. Frames of the screen, not chunks, set the pace. */
async function follow(session: string, key: string, response: Response): Promise<void> {
  const { answersIn } = await warmStream();
  let latest: LiveMessage | null = null;
  let drawing = 0;
  const draw = () => {
    drawing = 0;
    if (latest) change(session, key, { message: latest, about: latest.metadata ?? {} });
  };
  try {
    if (response.body)
      for await (const message of answersIn(response.body)) {
        if (!latest?.metadata?.turn_id && message.metadata?.turn_id) {
          // It is durable there now.
          keepUnsent(session, key, null);
          change(session, key, { state: "answering", failure: null });
          // Its title may be what was just said.
          void queries.invalidateQueries({ queryKey: ["conversation", session, "head"] });
        }
        latest = message;
        drawing ||= requestAnimationFrame(draw);
      }
  } catch {
    // The connection was lost in the middle: taken up below.
  }
  cancelAnimationFrame(drawing);
  draw();
  if (latest?.metadata?.status) await ended(session, key);
  else await recover(session, key, !!latest?.metadata?.turn_id);
}

async function ended(session: string, key: string): Promise<void> {
  change(session, key, { state: "ended" });
  keepUnsent(session, key, null);
  const live = livesOf(session).find((one) => one.said.key === key);
  if (!live) return;
  try {
    await takeOver(session, live);
    dropLive(session, key);
  } catch {
    // It stays as it is on the screen, and is taken over when the server is back.
  }
  void queries.invalidateQueries({ queryKey: ["conversation", session, "head"] });
  void queries.invalidateQueries({ queryKey: ["conversations"] });
  void queries.invalidateQueries({ queryKey: ["memories"] });
}

/** The stream broke off. If the turn still runs it is taken up from its beginning; else it is read. */
async function recover(session: string, key: string, durable: boolean): Promise<void> {
  await whenOnline();
  const live = livesOf(session).find((one) => one.said.key === key);
  if (!live || live.state === "ended") return;
  if (!durable) return void post(session, live);
  try {
    const response = await raw(`${address(session)}/stream`);
    if (response.status === 204) return void (await ended(session, key));
    await follow(session, key, response);
  } catch {
    setTimeout(() => void recover(session, key, durable), 1000);
  }
}

const whenOnline = (): Promise<void> =>
  isOnline()
    ? Promise.resolve()
    : new Promise((resolve) => {
        const stop = onBack(() => {
          stop();
          resolve();
        });
      });

/** Whether something is being answered that this page does not follow: take it up. */
export async function resume(session: string): Promise<void> {
  if (livesOf(session).some((live) => live.state !== "unsent")) return;
  const key = `resumed-${newKey()}`;
  const response = await raw(`${address(session)}/stream`);
  if (response.status === 204 || livesOf(session).some((live) => live.state !== "unsent")) return;
  const said: Said = {
    key,
    text: "",
    speech: null,
    edits: null,
    answers: null,
    at: Date.now(),
  };
  const live: Live = {
    said,
    state: "answering",
    failure: null,
    message: null,
    about: {},
  };
  setLives(session, [...livesOf(session), live]);
  await follow(session, key, response);
}

export async function cancel(session: string): Promise<void> {
  await raw(`${address(session)}/cancel`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{}",
  });
}

onBack(() => {
  for (const [session, all] of lives) {
    if (session === "new") continue;
    for (const live of all) {
      if (live.state === "unsent" && (live.failure?.passing ?? true)) retry(session, live.said.key);
      if (live.state === "ended") void ended(session, live.said.key);
    }
  }
});
