/** How far the results were scrolled, kept for this entry of the history over leaving and a reload. */
import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

export function useKeptScroll(ready: boolean) {
  const scroller = useRef<HTMLDivElement>(null);
  const key = useLocation({ select: ({ state }) => state.key ?? "" });
  const name = `holdfast.find.scroll.${key}`;
  const done = useRef(false);
  useEffect(() => {
    const one = scroller.current;
    if (!one) return;
    const keep = () => {
      // A number alone: nothing of what was found.
      if (done.current) sessionStorage.setItem(name, String(one.scrollTop));
    };
    one.addEventListener("scroll", keep, { passive: true });
    return () => one.removeEventListener("scroll", keep);
  }, [name]);
  useEffect(() => {
    if (!ready || done.current) return;
    done.current = true;
    const kept = Number(sessionStorage.getItem(name));
    if (kept > 0) requestAnimationFrame(() => scroller.current?.scrollTo({ top: kept }));
  }, [name, ready]);
  return scroller;
}
