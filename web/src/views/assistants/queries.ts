import { infiniteQueryOptions } from "@tanstack/react-query";

import { answer, api } from "~/api/client";

/** What an assistant thought, newest first. */
export const thoughtsQuery = (assistant: string) =>
  infiniteQueryOptions({
    queryKey: ["thoughts", assistant],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/thoughts", {
          params: { query: { assistant, cursor: pageParam, limit: 50 } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });

export const saveAssistant = (
  slug: string,
  body: { name?: string; avatar?: string; purpose?: string },
) => answer(api.PUT("/api/assistants/{slug}", { params: { path: { slug } }, body }));
