/**
 * The keys of the page. A component that is shown says which keys it listens to and what they do; the sheet
 * behind "?" is made from the same list.
 */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface KeyBinding {
  /** "mod+k", "shift+?", "g m" (one after the other), "Escape". `mod` is Ctrl, or Cmd on a Mac. */
  keys: string;
  /** Key of its text in the catalogue, below `keys.`. */
  does: string;
  /** Whether it counts while somebody types, too. */
  typing?: boolean;
  /** Counts only while this holds (somewhere has the focus); the sheet lists it always. */
  when?: () => boolean;
  run: (event: KeyboardEvent) => void;
}

let bindings: readonly KeyBinding[] = [];
let listeners: ReadonlySet<() => void> = new Set();
let before = "";
let beforeAt = 0;

export const onMac = /Mac|iPhone|iPad/.test(navigator.platform);

function set(now: readonly KeyBinding[]) {
  bindings = now;
  for (const listener of listeners) listener();
}

function pressed(event: KeyboardEvent): string {
  const parts = [];
  if (onMac ? event.metaKey : event.ctrlKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key))) parts.push("shift");
  parts.push(event.key.length === 1 ? event.key.toLowerCase() : event.key);
  return parts.join("+");
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  // Nothing is typed into a box to tick.
  !(target instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(target.type));

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const one = pressed(event);
  const two = event.timeStamp - beforeAt < 1200 ? `${before} ${one}` : "";
  before = one;
  beforeAt = event.timeStamp;
  const typing = isTyping(event.target);
  // The last one to come is the topmost layer; two keys in a row mean more than the second alone.
  const counts = (keys: string) =>
    bindings.findLast(
      (binding) =>
        binding.keys === keys && (!typing || binding.typing) && (!binding.when || binding.when()),
    );
  const found = (two && counts(two)) || counts(one);
  if (!found) return;
  event.preventDefault();
  found.run(event);
});

/** Listen while the component is shown. */
export function useKeys(wanted: readonly KeyBinding[]): void {
  const current = useRef(wanted);
  useEffect(() => {
    current.current = wanted;
  });
  const names = wanted.map((binding) => binding.keys).join("|");
  useEffect(() => {
    const mine: KeyBinding[] = names.split("|").map((keys, at) => ({
      keys,
      does: current.current[at]?.does ?? "",
      typing: current.current[at]?.typing ?? false,
      when: () => current.current[at]?.when?.() ?? true,
      run: (event: KeyboardEvent) => current.current[at]?.run(event),
    }));
    set([...bindings, ...mine]);
    return () => set(bindings.filter((binding) => !mine.includes(binding)));
  }, [names]);
}

export function useAllKeys(): readonly KeyBinding[] {
  return useSyncExternalStore(
    (listener) => {
      listeners = new Set([...listeners, listener]);
      return () => {
        listeners = new Set([...listeners].filter((one) => one !== listener));
      };
    },
    () => bindings,
  );
}
