/** Whether the sidebar is out: always a choice on wide screens, a drawer on narrow ones. */
import { useSyncExternalStore } from "react";

const wide = window.matchMedia("(min-width: 48rem)");
let open = wide.matches;
const listeners = new Set<() => void>();

function set(now: boolean) {
  open = now;
  for (const listener of listeners) listener();
}

wide.addEventListener("change", () => set(wide.matches));

export const toggleSidebar = (): void => set(!open);
/** After a way was chosen: a drawer goes away, a sidebar stays. */
export const closeDrawer = (): void => void (wide.matches || set(false));

const listen = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const useSidebar = (): boolean => useSyncExternalStore(listen, () => open);
export const useIsWide = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      wide.addEventListener("change", listener);
      return () => wide.removeEventListener("change", listener);
    },
    () => wide.matches,
  );
