/** What finding asks of the server. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, api, raw, type Shapes } from "~/api/client";
import { ME } from "~/api/queries";
import { zone } from "~/state/times";

import { isAsked, type Ask } from "./ask";

export type Found = Shapes["FindOut"];
export type Hit = Shapes["FindHitOut"];
export type Group = Shapes["FoundGroupOut"];
export type Message = Shapes["MessageOut"];

export const findQuery = (ask: Ask, limit = 20) =>
  queryOptions({
    queryKey: ["find", ask, limit],
    queryFn: async ({ signal }): Promise<Found> => {
      const found = await answer(
        api.GET("/api/find", {
          params: {
            query: {
              q: ask.q.trim(),
              limit,
              as_you_type: true,
              zone: zone(),
              ...(ask.since && { since: ask.since }),
              ...(ask.until && { until: ask.until }),
              ...(ask.assistant && { assistant: ask.assistant }),
              ...(ask.project && { project: ask.project }),
              ...(ask.tag && { tag: [ask.tag] }),
              ...(ask.pinned && { pinned: true }),
            },
          },
          signal,
        }),
      );
      return found as Found;
    },
    enabled: isAsked(ask),
    placeholderData: keepPreviousData,
    staleTime: 15_000,
  });

/** All that was found in one conversation, for stepping through it. */
export const insideQuery = (session: string, q: string, limit: number) =>
  queryOptions({
    queryKey: ["find", "inside", session, q, limit],
    queryFn: async ({ signal }): Promise<Hit[]> => {
      const { hits } = await answer(
        api.GET("/api/search", {
          params: { query: { q, session_id: session, include: "messages", neighbours: 0, limit } },
          signal,
        }),
      );
      return (hits as Shapes["SearchHitOut"][]).flatMap((hit) =>
        hit.message ? [hitOf(hit, hit.message)] : [],
      );
    },
    enabled: q !== "",
    staleTime: 15_000,
  });

function hitOf(hit: Shapes["SearchHitOut"], message: Message): Hit {
  return {
    label: message.kind === "audio" ? "speech" : "message",
    session_id: hit.session_id,
    message_id: message.id,
    memory_id: null,
    thought_id: null,
    room_id: null,
    seq: message.seq,
    at: message.at,
    role: message.role,
    speaker: message.author ?? null,
    tool: message.tool?.name ?? null,
    snippet: hit.snippet,
    reasons: hit.reasons,
    score: hit.score,
  };
}

/** What was said around a hit. */
export const aroundQuery = (session: string, seq: number) =>
  queryOptions({
    queryKey: ["find", "around", session, seq],
    queryFn: async ({ signal }): Promise<Message[]> => {
      const params = new URLSearchParams({
        after_seq: String(Math.max(seq - 4, -1)),
        limit: "9",
        max_text: "1200",
      });
      const response = await raw(
        `/api/conversations/${ME}/${encodeURIComponent(session)}?${params}`,
        { signal },
      );
      const whole = (await response.json()) as Shapes["ConversationOut"];
      return whole.session.turns
        .flatMap((turn) => turn.messages)
        .sort((a, b) => a.seq - b.seq)
        .filter(({ text, tool }) => text !== "" || tool);
    },
    staleTime: 60_000,
  });
