/** Whether the search layer is open, and what had the focus before. */
import { useSyncExternalStore } from "react";

let open = false;
let before: Element | null = null;
const listeners = new Set<() => void>();

function set(now: boolean) {
  open = now;
  for (const listener of listeners) listener();
}

export function openFinder(): void {
  if (!open) before = document.activeElement;
  set(true);
}

/** Close it; unless the way leads elsewhere, what had the focus before gets it back. */
export function closeFinder(stay = true): void {
  if (!stay) before = null;
  set(false);
}

/** Once the layer has gone: while it is there it holds the focus fast. */
export function giveFocusBack(): void {
  if (before instanceof HTMLElement) before.focus();
  before = null;
}

export const useFinder = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => open,
  );
