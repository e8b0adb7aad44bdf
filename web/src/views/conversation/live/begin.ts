/** The first word of a conversation: it begins with it, once, however often that is tried. */
import { Failure } from "~/api/failures";
import { raw } from "~/api/client";
import { ME, meQuery, queries } from "~/api/queries";
import { onBack } from "~/state/connection";

import { dropLive, hold, keepNothingOf, livesOf, say } from "./live";
import type { Said } from "./types";

export interface Beginning {
  assistant: string | null;
  project: string | null;
  /** Never written down anywhere, unless it is saved later. */
  temporary: boolean;
}

const listeners = new Set<(session: string) => void>();

/** Told when a conversation began that was waiting for the server. */
export function onBegun(listener: (session: string) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export async function begin(said: Said): Promise<void> {
  if (said.begin?.temporary) keepNothingOf("new");
  hold("new", said, null);
  let session: string;
  try {
    session = await made(said);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure(0, "page", "", "");
    hold("new", said, failure);
    if (failure.status === 429)
      setTimeout(() => beginAgain(said.key), (failure.retryAfter ?? 2) * 1000);
    return;
  }
  if (said.begin?.temporary) keepNothingOf(session);
  say(session, said);
  dropLive("new", said.key);
  for (const listener of listeners) listener(session);
  void queries.invalidateQueries({ queryKey: ["conversations"] });
}

export function beginAgain(key: string): void {
  const live = livesOf("new").find((one) => one.said.key === key);
  if (live?.state === "unsent") void begin(live.said);
}

async function made(said: Said): Promise<string> {
  const { project, temporary } = said.begin ?? {};
  // Nobody was chosen: it is with the one that the page names, who is then found and listed as such.
  const assistant =
    said.begin?.assistant ??
    (temporary ? null : (await queries.ensureQueryData(meQuery)).assistant);
  const response = await raw(`/api/conversations/${ME}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": `begin-${said.key}` },
    body: JSON.stringify({
      ...(assistant ? { assistant } : {}),
      ...(project ? { project } : {}),
      ...(temporary ? { temporary } : {}),
    }),
  });
  const { session } = (await response.json()) as { session: { id: string } };
  return session.id;
}

onBack(() => {
  for (const live of livesOf("new")) if (live.failure?.passing ?? true) beginAgain(live.said.key);
});
