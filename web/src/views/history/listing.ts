/** What the list shows: months counted, those in view loaded, and news of changes. */
import { useQueries, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import type { Filters } from "./filters";
import { monthsQuery, pinnedQuery, segmentQuery, type Segment, type Session } from "./queries";
import { rowsOf, type Row } from "./rows";

const NONE: never[] = [];
const NO_MONTHS: readonly string[] = NONE;

export interface Listing {
  rows: Row[];
  /** How many conversations there are with these filters, as far as is known. */
  total: number;
  months: { month: string; sessions: number }[];
  waiting: boolean;
  error: unknown;
  again: () => void;
  /** Say which months are on the screen. */
  look: (months: readonly string[]) => void;
}

export function useListing(filters: Filters): Listing {
  const client = useQueryClient();
  const months = useQuery(monthsQuery(filters));
  const pinned = useQuery(pinnedQuery(filters));
  const { looked, look } = useLooked(filters);
  const { inView, seen } = looked;
  const counted = months.data?.months ?? NONE;
  const first = useMemo(() => counted.slice(0, 2).map(({ month }) => month), [counted]);
  const wanted = useMemo(() => [...new Set([...first, ...seen])], [first, seen]);

  const segments = useQueries({
    queries: wanted.map((month) => ({
      ...segmentQuery(filters, month),
      enabled: inView.includes(month) || (inView.length === 0 && first.includes(month)),
    })),
    combine: together,
  });

  // The tag is that of all the user has: when it changes, what is on the screen is looked at again.
  const tag = months.data?.tag;
  const before = useRef(tag);
  useEffect(() => {
    if (before.current && tag && before.current !== tag) {
      void client.invalidateQueries({ queryKey: ["conversations", "month"] });
      void client.invalidateQueries({ queryKey: ["conversations", "pinned"] });
    }
    before.current = tag;
  }, [client, tag]);

  const today = useToday();
  const above = pinned.data ?? NONE;
  const rows = useMemo(
    () => rowsOf({ months: counted, pinned: above, loaded: segments.loaded, now: new Date(today) }),
    [counted, above, segments.loaded, today],
  );
  const total = useMemo(() => totalOf(counted, above, segments.loaded), [counted, above, segments]);
  return {
    rows,
    total,
    months: counted,
    waiting: months.isPending || pinned.isPending || (counted.length > 0 && segments.none),
    error: months.error ?? pinned.error ?? segments.error,
    again: () => void client.invalidateQueries({ queryKey: ["conversations"] }),
    look,
  };
}

/** Changes at midnight, and the headings with it. */
const useToday = () =>
  useSyncExternalStore(
    (listener) => {
      const timer = setInterval(listener, 60_000);
      return () => clearInterval(timer);
    },
    () => new Date().toDateString(),
  );

interface Looked {
  filters: Filters;
  /** Those on the screen now. */
  inView: readonly string[];
  /** Those that ever were, with these filters: they stay in the list. */
  seen: readonly string[];
}

function useLooked(filters: Filters) {
  const [looked, setLooked] = useState<Looked>({ filters, inView: NONE, seen: NONE });
  const look = useCallback(
    (inView: readonly string[]) =>
      setLooked((before) => {
        const seen = before.filters === filters ? before.seen : NONE;
        const all = inView.every((month) => seen.includes(month))
          ? seen
          : [...new Set([...seen, ...inView])];
        return { filters, inView, seen: all };
      }),
    [filters],
  );
  return {
    looked: looked.filters === filters ? looked : { inView: NO_MONTHS, seen: NO_MONTHS },
    look,
  };
}

/** Made once for the same answers, so that the rows are not made anew for nothing. */
function together(results: UseQueryResult<Segment>[]) {
  const loaded = new Map<string, Session[]>();
  for (const { data } of results) if (data) loaded.set(data.month, data.sessions);
  return {
    loaded,
    none: loaded.size === 0 && results.some((one) => one.isPending),
    error: results.find((one) => one.error)?.error ?? null,
  };
}

function totalOf(
  months: readonly { month: string; sessions: number }[],
  pinned: readonly Session[],
  loaded: ReadonlyMap<string, readonly Session[]>,
): number {
  const all = months.reduce(
    (sum, { month, sessions }) => sum + (loaded.get(month)?.length ?? sessions),
    0,
  );
  return Math.max(all, pinned.length);
}
