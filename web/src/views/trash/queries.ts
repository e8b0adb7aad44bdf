/** What lies in the trash. */
import { infiniteQueryOptions } from "@tanstack/react-query";

import { raw, type Shapes } from "~/api/client";
import { ME } from "~/api/queries";

export type Trashed = Shapes["SessionOut"];

interface Page {
  sessions: Trashed[];
  next_cursor: string | null;
}

export const trashQuery = infiniteQueryOptions({
  queryKey: ["conversations", "trash"],
  queryFn: async ({ signal, pageParam }): Promise<Page> => {
    const params = new URLSearchParams({ trashed: "true", limit: "100" });
    if (pageParam) params.set("cursor", pageParam);
    const response = await raw(`/api/conversations/${ME}?${params}`, { signal });
    return (await response.json()) as Shapes["ConversationsOut"];
  },
  initialPageParam: "",
  getNextPageParam: ({ next_cursor }) => next_cursor,
});
