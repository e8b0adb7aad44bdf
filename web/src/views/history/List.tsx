/** The list itself: as many rows in the page as are seen, whatever there is; the keyboard walks through it. */
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import {
  useCallback,
  useEffect,
  useEffectEvent,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  type Ref,
} from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import { useKeys } from "~/state/keys";
import { month as monthName } from "~/state/times";

import type { Listing } from "./listing";
import { monthStart, type Heading } from "./months";
import type { Session } from "./queries";
import { BlankRow, SessionRow, type RowActs } from "./Row";
import type { RowDo } from "./RowMenu";
import { monthsOf, rowOfMonth, stepFrom } from "./rows";

export interface ListHandle {
  jump: (month: string, oldest?: boolean) => void;
  focus: (id: string) => void;
}

interface Props {
  listing: Listing;
  current: string | null;
  roving: string | null;
  renaming: string | null;
  chosen: ReadonlySet<string> | null;
  menu: string | null;
  acts: RowActs;
  chooseAll: () => void;
  handle: Ref<ListHandle>;
}

const HEAD = 34;
const coarse = window.matchMedia("(pointer: coarse)");

export function List(props: Props) {
  const { listing, current, roving, renaming, chosen, menu, acts, chooseAll, handle } = props;
  const { t } = useTranslation();
  const { rows, look } = listing;
  const scroller = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  const wantedAt = useRef(-1);
  const rovingAt = rows.findIndex((row) => row.key === roving);
  const held = useRef(-1);
  useLayoutEffect(() => {
    held.current = rovingAt;
  });

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (rows[at]?.kind === "head" ? HEAD : coarse.matches ? 64 : 54),
    getItemKey: (at) => rows[at]?.key ?? at,
    overscan: 6,
    // The row that has the focus stays, wherever one scrolls: what is removed loses it.
    rangeExtractor: useCallback((range: Range) => {
      const seen = defaultRangeExtractor(range);
      const kept = held.current;
      return kept < 0 || seen.includes(kept) ? seen : [...seen, kept].sort((a, b) => a - b);
    }, []),
  });
  const items = virtual.getVirtualItems();

  const inView = monthsOf(
    items.filter(({ index }) => index !== rovingAt).map(({ index }) => rows[index]),
  ).join();
  useEffect(() => {
    // Not each month that is only scrolled past.
    const timer = setTimeout(() => look(inView ? inView.split(",") : []), 50);
    return () => clearTimeout(timer);
  }, [inView, look]);

  const goTo = (index: number, align: "auto" | "start" = "auto") => {
    const row = rows[index];
    if (!row) return;
    if (stepFrom(rows, -1, 1) === index) virtual.scrollToOffset(0);
    else virtual.scrollToIndex(index, { align });
    wantedAt.current = row.kind === "blank" ? index : -1;
    if (row.kind !== "session") return;
    wanted.current = row.key;
    acts.rove(row.key);
  };
  // The focus goes to a row once that is there: it may have to be scrolled to, or asked for.
  useEffect(() => {
    const awaited = rows[wantedAt.current];
    if (awaited?.kind === "session") goTo(wantedAt.current);
    const id = wanted.current;
    const row =
      id && scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] a`);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });

  // What had the focus is gone from the list: the focus goes to what came to its place.
  const lastAt = useRef(0);
  const vanished = roving !== null && rovingAt < 0;
  const next = useEffectEvent(() => {
    const to = Math.min(lastAt.current, rows.length - 1);
    const step = rows[to]?.kind === "head" ? stepFrom(rows, to, 1) : to;
    if (document.activeElement === document.body && step >= 0) goTo(step);
  });
  useEffect(() => {
    if (rovingAt >= 0) lastAt.current = rovingAt;
  }, [rovingAt]);
  useEffect(() => {
    if (!vanished) return;
    // A question that is closing gives the focus back first.
    const timers = [0, 250].map((wait) => setTimeout(() => next(), wait));
    return () => timers.forEach(clearTimeout);
  }, [vanished]);
  useImperativeHandle(handle, () => ({
    jump: (month, oldest = false) => {
      if (oldest) return goTo(stepFrom(rows, rows.length, -1));
      const at = rowOfMonth(rows, month);
      virtual.scrollToIndex(at, { align: "start" });
      const first = rows.slice(at).find((row) => row.kind === "session");
      if (first && first.month === month) acts.rove(first.key);
    },
    focus: (id) => {
      wanted.current = id;
      acts.rove(id);
    },
  }));
  useListKeys({ ...props, scroller, rovingAt, goTo, chooseAll });

  return (
    <div
      ref={scroller}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 [scrollbar-gutter:stable]"
    >
      <div
        role="list"
        aria-label={t("history.list")}
        className="relative w-full"
        style={{ height: virtual.getTotalSize() }}
      >
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div
              key={item.key}
              role="presentation"
              className="absolute inset-x-0 top-0 pb-px"
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              {row.kind === "head" && <Head heading={row.heading} t={t} />}
              {row.kind === "blank" && <BlankRow />}
              {row.kind === "session" && (
                <SessionRow
                  session={row.session}
                  place={row.place}
                  total={listing.total}
                  current={row.key === current}
                  roving={row.key === roving || (rovingAt < 0 && row.place === 1)}
                  renaming={row.key === renaming}
                  choosing={chosen !== null}
                  chosen={chosen?.has(row.key) ?? false}
                  menuOpen={row.key === menu}
                  acts={acts}
                  t={t}
                />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Head({ heading, t }: { heading: Heading; t: TFunction }) {
  const named = /^\d/.test(heading)
    ? monthName(monthStart(heading))
    : t(`history.headings.${heading as "today"}`);
  return (
    <div
      role="listitem"
      className="flex h-full items-end px-3 pb-1 text-xs font-semibold tracking-wide text-quiet"
    >
      <h3 className="font-sans">{named}</h3>
    </div>
  );
}

interface KeysProps extends Props {
  scroller: { current: HTMLElement | null };
  rovingAt: number;
  goTo: (index: number) => void;
}

function useListKeys({ listing, scroller, rovingAt, goTo, acts, chosen, chooseAll }: KeysProps) {
  const { rows } = listing;
  const when = () => scroller.current?.contains(document.activeElement) ?? false;
  const step = (by: 1 | -1) => () => {
    const to = stepFrom(rows, rovingAt, by);
    if (to >= 0) goTo(to);
  };
  const session = (): Session | undefined => {
    const row = rows[rovingAt];
    return row?.kind === "session" ? row.session : undefined;
  };
  const act = (what: RowDo) => () => {
    const one = session();
    if (one) acts.act(what, one);
  };
  const choose = (range: boolean) => () => {
    const one = session();
    if (one) acts.choose(one.id, range);
  };
  useKeys([
    { keys: "ArrowDown", does: "rowMove", when, run: step(1) },
    { keys: "ArrowUp", does: "rowMove", when, run: step(-1) },
    { keys: "Home", does: "rowEnds", when, run: () => goTo(stepFrom(rows, -1, 1)) },
    { keys: "End", does: "rowEnds", when, run: () => goTo(stepFrom(rows, rows.length, -1)) },
    { keys: "F2", does: "rowRename", when, run: act("rename") },
    { keys: "Delete", does: "rowDelete", when, run: act("trash") },
    { keys: "p", does: "rowPin", when, run: act("pin") },
    { keys: "e", does: "rowArchive", when, run: act("archive") },
    { keys: "x", does: "rowSelect", when, run: choose(false) },
    { keys: "shift+x", does: "rowSelect", when, run: choose(true) },
    { keys: "mod+a", does: "rowSelectAll", when: () => when() || chosen !== null, run: chooseAll },
  ]);
}
