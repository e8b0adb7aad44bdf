/** What a room's socket tells, as far as the page shows it. Others are left out. */
import type { Shapes } from "~/api/client";

export type Message = Shapes["MessageOut"];

export type RoomEvent =
  | { type: "joined"; room_id: string; name: string; messages: Message[]; resumed: boolean }
  | { type: "left"; room_id: string; reason: "left" | "not_found" }
  | { type: "typing"; room_id: string; user_id: string }
  | { type: "present"; room_id: string; user_ids: string[] }
  | { type: "started"; turn_id: string; message: Message | null; client_key: string | null }
  | { type: "answering"; turn_id: string; assistant: string }
  | { type: "recalled" | "thought" | "tool_started" | "tool_ended" | "fell_back"; turn_id: string }
  | { type: "delta"; turn_id: string; text: string }
  | { type: "finished"; turn_id: string; status: string; message: Message | null }
  | { type: "failed"; turn_id: string; code: string; message: string }
  | { type: "error"; code: string; message: string; client_key?: string | null }
  | { type: "history" | "pong" };

export interface ServerFrame {
  seq: number;
  session_id: string;
  event: RoomEvent;
}
