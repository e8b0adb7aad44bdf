/** Every place where some words stand in a conversation. */
import { queryOptions } from "@tanstack/react-query";

import { answer, api, type Shapes } from "~/api/client";
import { ME } from "~/api/queries";

export type Spot = Shapes["SpotOut"];

export const spotsQuery = (session: string, q: string) =>
  queryOptions({
    queryKey: ["conversation", session, "find", q],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/conversations/{user_id}/{session_id}/find", {
          params: { path: { user_id: ME, session_id: session }, query: { q } },
          signal,
        }),
      ),
    enabled: q !== "",
    staleTime: 5_000,
    placeholderData: (before) => (q ? before : undefined),
  });
