/** What can be done from within a message; given down once for all of them. */
import { createContext, useContext } from "react";

import type { Message, Turn } from "../types";

export interface Doing {
  /** Say it differently, as a version beside it. */
  edit: (message: Message, text: string) => void;
  /** Have it answered once more. */
  again: (message: string) => void;
  forget: (message: Message) => void;
  /** Show the version that begins at this place. */
  version: (place: number) => void;
  used: (turn: Turn) => void;
  copyLink: (message: string) => void;
  /** The message whose text is being changed. */
  editing: string | null;
  setEditing: (message: string | null) => void;
  /** The words to mark, and in which message. */
  marks: { message: string; words: string } | null;
  /** Whether anything can be said in it: not in what is only listened to. */
  writable: boolean;
  temporary: boolean;
}

export const DoingContext = createContext<Doing | null>(null);

export function useDoing(): Doing {
  const doing = useContext(DoingContext);
  if (!doing) throw new Error("no conversation around");
  return doing;
}
