"""Clocks inside the page, so that what drives the browser is not measured with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

__all__ = ["install", "long_tasks", "mark", "scroll_frames", "until"]

_CLOCKS = """
(() => {
  const watch = { from: 0, tasks: [], focused: null };
  window.__watch = watch;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) watch.tasks.push(one.duration);
  }).observe({ type: "longtask", buffered: true });
  const key = (event) => { watch.key = event.timeStamp; };
  for (const kind of ["keydown", "input", "pointerdown"]) addEventListener(kind, key, true);
  const look = () => {
    if (watch.focused === null && document.activeElement?.id === "composer")
      watch.focused = performance.now();
    if (watch.focused === null) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  // Milliseconds from the last key or touch until a condition holds in a drawn frame.
  watch.until = (holds, most) => new Promise((resolve) => {
    const from = watch.key;
    const look = () => {
      if (holds()) resolve(performance.now() - from);
      else if (performance.now() - from > most) resolve(null);
      else requestAnimationFrame(look);
    };
    look();
  });
  watch.shown = (e) => {
    if (!e) return false;
    const box = e.getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
  };
})();
"""
_SCROLL = """
async ([steps, by, selector, counted]) => {
  const scroller = document.querySelector(selector);
  const frames = [];
  let nodes = 0;
  let rows = 0;
  const tasks = window.__watch.tasks.length;
  let before = performance.now();
  for (let step = 0; step < steps; step++) {
    scroller.scrollBy({ top: by, behavior: "instant" });
    await new Promise(requestAnimationFrame);
    await new Promise((go) => setTimeout(go));
    frames.push(performance.now() - before);
    before = performance.now();
    nodes = Math.max(nodes, document.getElementsByTagName("*").length);
    rows = Math.max(rows, document.querySelectorAll(counted).length);
  }
  return { frames, nodes, rows, tasks: window.__watch.tasks.slice(tasks) };
}
"""
_GIVE_UP_MS = 30_000


async def install(context: BrowserContext) -> None:
    """Put the clocks into every page of a context."""
    await context.add_init_script(_CLOCKS)


async def mark(page: Page) -> None:
    """Begin to count long tasks anew."""
    await page.evaluate("window.__watch.tasks.length = 0")


async def long_tasks(page: Page) -> float:
    """The longest task since the mark, in ms; 0 when none was longer than 50."""
    return float(await page.evaluate("Math.max(0, ...window.__watch.tasks)"))


async def until(page: Page, holds: str) -> float:
    """Milliseconds from the last key or touch until an expression held in a drawn frame.

    Raises:
        TimeoutError: it did not hold within half a minute.
    """
    took = await page.evaluate(f"window.__watch.until(() => {holds}, {_GIVE_UP_MS})")
    if took is None:
        raise TimeoutError(holds)
    return float(took)


async def scroll_frames(
    page: Page, selector: str, *, steps: int, by: int, counted: str = "article"
) -> dict[str, Any]:
    """Scroll in steps of one frame: `frames` and `tasks` in ms, the most `nodes` there were, and
    the most `rows`, which are what `counted` selects."""
    found = await page.evaluate(_SCROLL, [steps, by, selector, counted])
    return cast("dict[str, Any]", found)
