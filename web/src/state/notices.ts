/** Short messages at the edge of the page: what was done, how to take it back, what failed. */
import { useSyncExternalStore } from "react";

export interface Notice {
  id: number;
  text: string;
  tone: "done" | "failed";
  /** Takes back what was done; offered for as long as the notice stands. */
  undo?: (() => void | Promise<void>) | undefined;
  /** Another thing to do about it. */
  act?: { label: string; run: () => void } | undefined;
  /** Milliseconds; one that can be undone stands for ten seconds at least. */
  stays: number;
}

let notices: readonly Notice[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(now: readonly Notice[]) {
  notices = now;
  for (const listener of listeners) listener();
}

export function notify(text: string, more: Partial<Omit<Notice, "id" | "text">> = {}): number {
  const id = next++;
  const stays = more.stays ?? (more.undo ? 12_000 : more.tone === "failed" ? 10_000 : 5_000);
  set([...notices.slice(-3), { id, text, tone: "done", ...more, stays }]);
  return id;
}

export function dismiss(id: number): void {
  set(notices.filter((notice) => notice.id !== id));
}

export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
}
