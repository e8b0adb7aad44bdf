/** What would go with conversations that are deleted. */
import { queryOptions } from "@tanstack/react-query";

import { raw } from "~/api/client";

import { at } from "../queries";

export interface Consequences {
  messages: number;
  memories: number;
  thoughts: number;
  files: number;
}

/** Of more than so many at once it is not counted: that many questions would take too long. */
const MOST = 40;

export const consequencesQuery = (ids: readonly string[]) =>
  queryOptions({
    queryKey: ["consequences", ids],
    queryFn: async ({ signal }): Promise<Consequences | null> => {
      if (ids.length > MOST) return null;
      const all = await Promise.all(
        ids.map(async (id) => {
          const response = await raw(at(id, "/consequences"), { signal });
          return (await response.json()) as Consequences;
        }),
      );
      const sum = (name: keyof Consequences) => all.reduce((n, one) => n + one[name], 0);
      return {
        messages: sum("messages"),
        memories: sum("memories"),
        thoughts: sum("thoughts"),
        files: sum("files"),
      };
    },
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
