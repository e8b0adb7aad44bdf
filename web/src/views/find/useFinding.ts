/** One search: what was found, which result is meant, and the steps through the hits of one conversation. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { bareWords, isAsked, type Ask } from "./ask";
import { itemsOf, joined, wayTo, type Item, type Way } from "./items";
import { findQuery, insideQuery, type Hit } from "./queries";
import { useSettled } from "./settled";

const NONE: Item[] = [];
const PAUSE = 120;
/** Of one conversation so many hits can be stepped through. */
const INSIDE = 100;

export type Finding = ReturnType<typeof useFinding>;

export function useFinding(ask: Ask, limit = 20) {
  const settled = useSettled(ask, PAUSE);
  const asked = isAsked(ask);
  const query = useQuery(findQuery(settled, limit));
  const found = asked ? query.data : undefined;
  const items = useMemo(() => (found ? itemsOf(found) : NONE), [found]);
  const words = useMemo(
    () => bareWords(settled.q, found?.understood ?? []),
    [settled.q, found?.understood],
  );

  // Another answer begins at its first result, at its first hit.
  const [meant, setMeant] = useState<{ of: unknown; key: string; step: number } | null>(null);
  const mine = meant?.of === found ? meant : null;
  const at = Math.max(
    items.findIndex(({ key }) => key === mine?.key),
    0,
  );
  const item = items[at];
  const step = mine?.step ?? 0;

  const session = item?.session?.id ?? "";
  const more = item !== undefined && item.count > item.hits.length && step >= item.hits.length - 1;
  const inside = useQuery({
    ...insideQuery(session, words, Math.min(item?.count ?? 1, INSIDE)),
    enabled: more && session !== "" && words !== "" && (mine?.step ?? 0) > 0,
  });
  const hits = useMemo(
    () => (item ? joined(item.hits, inside.data ?? []).slice(0, Math.max(item.count, 1)) : []),
    [item, inside.data],
  );
  const hit: Hit | undefined = hits[Math.min(step, hits.length - 1)];
  const mean = (key: string, to = 0) => setMeant({ of: found, key, step: to });

  return {
    asked,
    found,
    items,
    words,
    item,
    hit,
    /** Counted from 0. */
    step: Math.min(step, Math.max(hits.length - 1, 0)),
    waiting: asked && (query.isFetching || settled !== ask),
    error: asked ? query.error : null,
    again: () => void query.refetch(),
    mean,
    move: (by: number) => {
      const next = items[(at + by + items.length) % items.length];
      if (next) mean(next.key);
    },
    /** To another hit of the same conversation; false when there is none in that direction. */
    stepBy: (by: number): boolean => {
      if (!item) return false;
      const to = Math.min(step, hits.length) + by;
      const last = inside.data ? hits.length : item.count;
      if (to < 0 || to >= last) return false;
      mean(item.key, to);
      return true;
    },
    way: (one: Hit | undefined): Way | null => (one ? wayTo(one, words) : null),
  };
}
