import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useKeys } from "~/state/keys";

import { MemoryCard } from "./MemoryCard";
import type { Memory } from "./queries";
import { useHand } from "./useHand";

interface Props {
  memories: readonly Memory[];
  more: (() => unknown) | undefined;
  /** Whether these are all. */
  whole: boolean;
  selected?: ReadonlySet<string>;
  select?: (memory: Memory, selected: boolean) => void;
}

/** Cards below each other, as many as are in sight; arrows walk through them, letters act on the one with the focus. */
export function Cards({ memories, more, whole, selected, select }: Props) {
  const { t } = useTranslation();
  const hand = useHand();
  const scroller = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  const [at, setAt] = useState<string | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const place = memories.findIndex(({ id }) => id === at);
  const kept = useRef<readonly number[]>([]);
  useLayoutEffect(() => {
    const edited = memories.findIndex(({ id }) => id === editing);
    kept.current = [place, edited].filter((index) => index >= 0);
  });

  const rows = useVirtualizer({
    count: memories.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 210,
    overscan: 4,
    getItemKey: (index) => memories[index]!.id,
    // What has the focus or is being edited stays, wherever one scrolls.
    rangeExtractor: useCallback(
      (range: Range) =>
        [...new Set([...defaultRangeExtractor(range), ...kept.current])]
          .filter((index) => index < range.count)
          .sort((a, b) => a - b),
      [],
    ),
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= memories.length - 20) void more();
  }, [more, last, memories.length]);

  const goTo = (index: number) => {
    const to = memories[Math.max(0, Math.min(index, memories.length - 1))];
    if (!to) return;
    wanted.current = to.id;
    setAt(to.id);
    rows.scrollToIndex(memories.indexOf(to), { align: "auto" });
  };
  // The focus goes to a card once that is there.
  useEffect(() => {
    const card =
      wanted.current &&
      scroller.current?.querySelector<HTMLElement>(`[data-memory="${CSS.escape(wanted.current)}"]`);
    if (!card) return;
    wanted.current = null;
    card.focus({ preventScroll: true });
  });
  // Whatever within a card has the focus, it is that card which the keys mean.
  useEffect(() => {
    const list = scroller.current;
    const follow = ({ target }: FocusEvent) =>
      setAt(
        (target as HTMLElement).closest<HTMLElement>("[data-memory]")?.dataset["memory"] ?? null,
      );
    list?.addEventListener("focusin", follow);
    return () => list?.removeEventListener("focusin", follow);
  }, []);
  // What had the focus is forgotten: the focus goes to what came to its place.
  const lastPlace = useRef(0);
  useEffect(() => {
    if (place >= 0) lastPlace.current = place;
    else if (at && document.activeElement === document.body) goTo(lastPlace.current);
  });

  const when = () =>
    !editing && !!document.activeElement?.closest("[data-memory]") && !!memories[place];
  const one = () => memories[place]!;
  useKeys([
    { keys: "ArrowDown", does: "memoryMove", when, run: () => goTo(place + 1) },
    { keys: "ArrowUp", does: "memoryMove", when, run: () => goTo(place - 1) },
    { keys: "Home", does: "memoryEnds", when, run: () => goTo(0) },
    { keys: "End", does: "memoryEnds", when, run: () => goTo(memories.length - 1) },
    { keys: "e", does: "memoryEdit", when, run: () => setEditing(one().id) },
    { keys: "p", does: "memoryPin", when, run: () => void hand.pin(one()) },
    { keys: "Delete", does: "memoryForget", when, run: () => void hand.forget(one()) },
    {
      keys: "x",
      does: "memorySelect",
      when: () => !!select && when(),
      run: () => select?.(one(), !selected?.has(one().id)),
    },
  ]);

  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto pb-8">
      <ul
        aria-label={t("memories.title")}
        className="relative mx-auto max-w-3xl"
        style={{ height: rows.getTotalSize() }}
      >
        {items.map(({ index, start, key }) => {
          const memory = memories[index]!;
          return (
            <li
              key={key}
              data-index={index}
              ref={rows.measureElement}
              aria-setsize={whole ? memories.length : -1}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}
              className="absolute inset-x-0 top-0 px-4 pb-3 sm:px-6"
            >
              <MemoryCard
                memory={memory}
                reached={memory.id === at || (place < 0 && index === 0)}
                editing={memory.id === editing}
                edit={(now) => {
                  setEditing(now ? memory.id : null);
                  if (!now) goTo(index);
                }}
                selected={selected?.has(memory.id)}
                select={select && ((now) => select(memory, now))}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
