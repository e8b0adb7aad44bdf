import { infiniteQueryOptions } from "@tanstack/react-query";

import { answer, api } from "~/api/client";

export type Sort = "last" | "started" | "messages" | "title";

export interface Held {
  assistant?: string;
  project?: string;
  sort: Sort;
}

/** Conversations held with an assistant or for a project, page by page. */
export const heldQuery = ({ assistant, project, sort }: Held) =>
  infiniteQueryOptions({
    queryKey: ["conversations", "held", assistant ?? null, project ?? null, sort],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/conversations/{user_id}", {
          params: {
            path: { user_id: "current_user" },
            query: { assistant, project, sort, cursor: pageParam, limit: 100 },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });
