import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "~/api/client";

export const roomsQuery = queryOptions({
  queryKey: ["rooms"],
  queryFn: ({ signal }) =>
    answer(api.GET("/api/rooms", { params: { query: { limit: 200 } }, signal })),
});

export const roomQuery = (room: string) =>
  queryOptions({
    queryKey: ["rooms", room],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/rooms/{room_id}", { params: { path: { room_id: room } }, signal })),
  });

export const messagesOf = (
  room: string,
  query: { after_seq?: number; last?: number; limit?: number },
) =>
  answer(api.GET("/api/rooms/{room_id}/messages", { params: { path: { room_id: room }, query } }));

/** The last thing that was said, for the list. */
export const lastQuery = (room: string) =>
  queryOptions({
    queryKey: ["rooms", room, "last"],
    queryFn: async () => (await messagesOf(room, { last: 1 })).messages.at(-1) ?? null,
  });

const at = (room: string) => ({ params: { path: { room_id: room } } });

export const makeRoom = (body: {
  name: string;
  members: string[];
  assistants: string[];
  history: "joined" | "all";
}) => answer(api.POST("/api/rooms", { body }));
export const renameRoom = (room: string, name: string) =>
  answer(api.PATCH("/api/rooms/{room_id}", { ...at(room), body: { name } }));
export const leaveRoom = (room: string) => answer(api.POST("/api/rooms/{room_id}/leave", at(room)));
export const eraseRoom = (room: string) => answer(api.DELETE("/api/rooms/{room_id}", at(room)));
export const addMember = (
  room: string,
  body: { user_id?: string; assistant?: string; role: "owner" | "member" },
) => answer(api.POST("/api/rooms/{room_id}/members", { ...at(room), body }));
export const removeMember = (room: string, member: string) =>
  answer(
    api.DELETE("/api/rooms/{room_id}/members/{member}", {
      params: { path: { room_id: room, member } },
    }),
  );
