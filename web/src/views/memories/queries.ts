import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, type Shapes } from "~/api/client";

export type Memory = Shapes["MemoryOut"];
export type MemoryChange = Shapes["ChangeMemoryIn"];
export type Source = Shapes["SourceMessageOut"];

export const KINDS = ["fact", "preference", "summary", "episode", "note"] as const;
export type Kind = (typeof KINDS)[number];
export const SORTS = ["new", "importance", "used"] as const;

/** What narrows the list; it stands in the address. */
export interface Filters {
  q?: string;
  kind?: Kind;
  tag?: string;
  assistant?: string;
  project?: string;
  session_id?: string;
  min_importance?: number;
  pinned?: boolean;
  since?: string;
  until?: string;
  trashed?: boolean;
  sort?: (typeof SORTS)[number];
}

const FILTERS: readonly string[] = [
  "q",
  "kind",
  "tag",
  "assistant",
  "project",
  "session_id",
  "min_importance",
  "pinned",
  "since",
  "until",
  "trashed",
  "sort",
] satisfies (keyof Filters)[];

/** What of an address narrows the list; whatever else stands there asks nothing of the server. */
export const filtersOf = (search: object): Filters =>
  Object.fromEntries(Object.entries(search).filter(([name]) => FILTERS.includes(name)));

export const memoriesQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ["memories", "list", filters],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/memories", {
          params: { query: { sort: "stated", ...filters, cursor: pageParam, limit: 100 } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    // What was just said becomes a memory some seconds later: who looks at once must not be told for good
    // that there is none.
    refetchInterval: ({ state }) => (state.data?.pages[0]?.memories.length === 0 ? 4_000 : false),
  });

export const facetsQuery = queryOptions({
  queryKey: ["memories", "facets"],
  queryFn: ({ signal }) => answer(api.GET("/api/memories/facets", { signal })),
  refetchInterval: ({ state }) => (state.data?.total === 0 ? 4_000 : false),
});

const at = (memory_id: string) => ({ params: { path: { memory_id } } });

export const memoryQuery = (id: string) =>
  queryOptions({
    queryKey: ["memories", "one", id],
    queryFn: ({ signal }) => answer(api.GET("/api/memories/{memory_id}", { ...at(id), signal })),
  });

export const sourcesQuery = (id: string) =>
  queryOptions({
    queryKey: ["memories", "sources", id],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/memories/{memory_id}/sources", { ...at(id), signal })),
    staleTime: 60_000,
  });

export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: ["memories", "history", id],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/memories/{memory_id}/history", { ...at(id), signal })),
  });

export const changesQuery = infiniteQueryOptions({
  queryKey: ["memories", "changes"],
  initialPageParam: null as string | null,
  queryFn: ({ pageParam, signal }) =>
    answer(
      api.GET("/api/memories/changes", {
        params: { query: { cursor: pageParam, limit: 50 } },
        signal,
      }),
    ),
  getNextPageParam: (page) => page.next_cursor,
});

/** What an assistant thought that led to it. */
export const thoughtsOfQuery = (id: string) =>
  queryOptions({
    queryKey: ["thoughts", "memory", id],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/thoughts", { params: { query: { memory_id: id, limit: 50 } }, signal })),
  });

/** The messages right around a source, for its preview. */
export const aroundQuery = (session: string, seq: number) =>
  queryOptions({
    queryKey: ["conversation", session, "around", seq],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/conversations/{user_id}/{session_id}/messages", {
          params: {
            path: { user_id: "current_user", session_id: session },
            query: { after_seq: Math.max(-1, seq - 3), limit: 5 },
          },
          signal,
        }),
      ),
  });

export const receiptsQuery = (session: string) =>
  queryOptions({
    queryKey: ["memories", "receipts", session],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/learning/receipts", { params: { query: { session_id: session } }, signal }),
      ),
  });

export const learningQuery = queryOptions({
  queryKey: ["memories", "learning"],
  queryFn: ({ signal }) => answer(api.GET("/api/learning", { signal })),
});

export const setLearning = (learning: boolean) =>
  answer(api.PUT("/api/learning", { body: { learning } }));
export const addMemory = (body: { text: string; kind: Kind; tags: string[]; importance: number }) =>
  answer(api.POST("/api/memories", { body: { ...body, sources: [] } }));
export const changeMemory = (id: string, body: MemoryChange) =>
  answer(api.PATCH("/api/memories/{memory_id}", { ...at(id), body }));
export const undoMemory = (id: string) =>
  answer(api.POST("/api/memories/{memory_id}/undo", at(id)));
export const trashMemory = (id: string) =>
  answer(api.POST("/api/memories/{memory_id}/trash", at(id)));
/** For good; nothing brings it back. */
export const forgetMemory = (id: string) => answer(api.DELETE("/api/memories/{memory_id}", at(id)));
export const restoreMemory = (id: string) =>
  answer(api.POST("/api/memories/{memory_id}/restore", at(id)));
export const mergeMemories = (memory_ids: string[], text: string) =>
  answer(api.POST("/api/memories/merge", { body: { memory_ids, text } }));
export const aboutMemories = (q: string) =>
  answer(api.GET("/api/memories/about", { params: { query: { q, limit: 50 } } }));
export const forgetAll = (memory_ids: string[], message_ids: string[]) =>
  answer(api.POST("/api/memories/forget", { body: { memory_ids, message_ids } }));
