/** Whether the server answers. Any request tells; while it does not, one small question asks again. */
import { useSyncExternalStore } from "react";

let online = true;
let asking: ReturnType<typeof setTimeout> | undefined;
let wait = 500;
const listeners = new Set<() => void>();
const back = new Set<() => void>();

function set(now: boolean) {
  if (online === now) return;
  online = now;
  for (const listener of listeners) listener();
  if (now) for (const listener of back) listener();
}

async function ask() {
  asking = undefined;
  try {
    const { ok } = await fetch("/healthz", { cache: "no-store" });
    if (ok) return noteReached();
  } catch {
    // Still away.
  }
  wait = Math.min(wait * 1.6, 5000);
  asking = setTimeout(() => void ask(), wait);
}

export function noteReached(): void {
  clearTimeout(asking);
  asking = undefined;
  wait = 500;
  set(true);
}

export function noteLost(): void {
  set(false);
  asking ??= setTimeout(() => void ask(), wait);
}

/** Called each time the server is back. Returns how to stop. */
export function onBack(call: () => void): () => void {
  back.add(call);
  return () => back.delete(call);
}

export const isOnline = (): boolean => online;

export function useOnline(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isOnline);
}

window.addEventListener("offline", noteLost);
window.addEventListener("online", () => void ask());
