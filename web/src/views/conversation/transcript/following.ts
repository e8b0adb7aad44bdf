/** Whether the end is followed while an answer grows. One notch upwards ends that at once. */
import { useCallback, useEffect, useMemo, useState, type RefObject } from "react";

const NEAR = 24;

export function useFollowing(scroller: RefObject<HTMLElement | null>, begin: boolean) {
  const [on, setOn] = useState(begin);
  const set = useCallback((now: boolean) => setOn(now), []);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let touched = 0;
    let held = false;
    let before = element.scrollTop;
    const stop = () => setOn(false);
    const wheel = (event: WheelEvent) => event.deltaY < 0 && element.scrollTop > 0 && stop();
    const key = (event: KeyboardEvent) =>
      ["ArrowUp", "PageUp", "Home"].includes(event.key) && event.target === element && stop();
    const touch = (event: TouchEvent) => {
      const now = event.touches[0]?.clientY ?? 0;
      if (event.type === "touchmove" && now > touched + 4) stop();
      touched = now;
    };
    const down = () => (held = true);
    const up = () => (held = false);
    const scroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      // The scroll bar was dragged.
      if (held && scrollTop < before - 2) stop();
      else if (scrollTop > before && scrollHeight - clientHeight - scrollTop < NEAR) setOn(true);
      before = scrollTop;
    };
    element.addEventListener("wheel", wheel, { passive: true });
    element.addEventListener("keydown", key);
    element.addEventListener("touchstart", touch, { passive: true });
    element.addEventListener("touchmove", touch, { passive: true });
    element.addEventListener("pointerdown", down);
    window.addEventListener("pointerup", up);
    element.addEventListener("scroll", scroll, { passive: true });
    return () => {
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("keydown", key);
      element.removeEventListener("touchstart", touch);
      element.removeEventListener("touchmove", touch);
      element.removeEventListener("pointerdown", down);
      window.removeEventListener("pointerup", up);
      element.removeEventListener("scroll", scroll);
    };
  }, [scroller]);
  useEffect(() => {
    const element = scroller.current;
    if (!element || !on) return;
    // A keyboard that comes up, or lines that are typed, take room from below: the end stays in view.
    // Whoever went elsewhere, by whatever means, is left there.
    let there = true;
    let before = element.scrollTop;
    const scroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      if (scrollHeight - clientHeight - scrollTop < NEAR) there = true;
      else if (scrollTop < before - 2) there = false;
      before = scrollTop;
    };
    const watch = new ResizeObserver(() => {
      if (there) element.scrollTop = element.scrollHeight;
    });
    watch.observe(element);
    for (const child of element.children) watch.observe(child);
    element.addEventListener("scroll", scroll, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", scroll);
    };
  }, [scroller, on]);
  return useMemo(() => ({ on, set }), [on, set]);
}
