/** What a conversation asks of the server, beside its messages. */
import { queryOptions, skipToken } from "@tanstack/react-query";

import { answer, api } from "~/api/client";
import { ME } from "~/api/queries";

import { talkOf } from "./transcript/store";

const pathOf = (session: string) => ({ user_id: ME, session_id: session });

export const headQuery = (session: string) =>
  queryOptions({
    queryKey: ["conversation", session, "head"],
    queryFn: session === "new" ? skipToken : ({ signal }) => talkOf(session).open(signal),
    staleTime: 15_000,
  });

export const outlineQuery = (session: string) =>
  queryOptions({
    queryKey: ["conversation", session, "outline"],
    queryFn:
      session === "new"
        ? skipToken
        : ({ signal }) =>
            answer(
              api.GET("/api/conversations/{user_id}/{session_id}/outline", {
                params: { path: pathOf(session) },
                signal,
              }),
            ),
    staleTime: 5_000,
    // Another tab, another machine or another person may be talking in it.
    refetchInterval: 15_000,
    structuralSharing: false,
  });
