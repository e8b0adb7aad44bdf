/** Which conversations the list shows. It outlives the drawer of small screens, not the page. */
import { useSyncExternalStore } from "react";

export interface Filters {
  assistant: string | null;
  project: string | null;
  kind: string | null;
  platform: string | null;
  archived: boolean;
}

export const EVERYTHING: Filters = {
  assistant: null,
  project: null,
  kind: null,
  platform: null,
  archived: false,
};

let filters = EVERYTHING;
const listeners = new Set<() => void>();

export function setFilters(change: Partial<Filters>): void {
  filters = { ...filters, ...change };
  for (const listener of listeners) listener();
}

export const useFilters = (): Filters =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => filters,
  );
