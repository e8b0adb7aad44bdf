/**
 * The layers that lie over the page, the topmost last: Esc closes that one and no other.
 *
 * A primitive learns a moment late that another layer has opened above it. An Esc within that moment must not
 * close what lies below, so which one is meant is decided here, where a layer is known as soon as it is drawn.
 */
import { useLayoutEffect, useRef } from "react";

const layers: { close: () => void }[] = [];

/** Say that a layer is open, and get what its primitive is to do with Esc. */
export function useEscape(open: boolean, close: () => void): (event: KeyboardEvent) => void {
  const current = useRef(close);
  useLayoutEffect(() => {
    current.current = close;
  });
  useLayoutEffect(() => {
    if (!open) return;
    const mine = { close: () => current.current() };
    layers.push(mine);
    return () => void layers.splice(layers.indexOf(mine), 1);
  }, [open]);
  return closeTopmost;
}

function closeTopmost(event: KeyboardEvent): void {
  event.preventDefault();
  layers.at(-1)?.close();
}
