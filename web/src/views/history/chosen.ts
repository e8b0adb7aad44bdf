/** Which conversations are chosen, to do something to all of them at once. */
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import type { Filters } from "./filters";
import type { Listing } from "./listing";
import { segmentQuery } from "./queries";
import { between } from "./rows";

export function useChosen(listing: Listing, filters: Filters) {
  const client = useQueryClient();
  const [ids, setIds] = useState<ReadonlySet<string> | null>(null);
  const last = useRef<string | null>(null);
  return {
    /** null while nothing is being chosen. */
    ids,
    toggle: () => setIds((now) => (now ? null : new Set())),
    end: () => setIds(null),
    /** One more, or one less; with Shift all from the last one to this one. */
    choose: (id: string, range: boolean) => {
      const from = range && last.current ? between(listing.rows, last.current, id) : null;
      last.current = id;
      setIds((now) => {
        const next = new Set(now);
        if (from) for (const one of from) next.add(one);
        else if (!next.delete(id)) next.add(id);
        return next;
      });
    },
    /** All there are with these filters, drawn or not; a second time none. */
    all: async () => {
      const loaded = await Promise.all(
        listing.months.map(({ month }) => client.fetchQuery(segmentQuery(filters, month))),
      );
      const all = new Set(loaded.flatMap(({ sessions }) => sessions.map(({ id }) => id)));
      setIds((now) => (now && now.size === all.size ? new Set() : all));
    },
  };
}
