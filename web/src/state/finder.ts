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

/** Gives the focus back to what had it, unless the way leads elsewhere. */
export function closeFinder(stay = true): void {
  set(false);
  if (stay && before instanceof HTMLElement) before.focus();
}

export const useFinder = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => open,
  );
