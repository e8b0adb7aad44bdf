/** Shapes of the server as the conversation uses them. */
import type { Shapes } from "~/api/client";

export type Message = Shapes["MessageOut"];
export type Outline = Shapes["OutlineOut"];
export type Tool = Shapes["ToolOut"];
/** A turn without its messages: those are kept by themselves, each once. */
export type Turn = Omit<Shapes["TurnOut"], "messages">;
export type Session = Omit<Shapes["SessionWithTurns"], "turns">;
