import type { UIMessage } from "ai";

import type { Failure } from "~/api/failures";

import type { Beginning } from "./begin";

export interface Speech {
  /** Base64. */
  data: string;
  media_type: string;
  name: string;
  seconds: number;
}

/** What somebody said, as it is sent; the key makes it one turn however often that happens. */
export interface Said {
  key: string;
  text: string;
  speech: Speech | null;
  /** The message this is another version of. */
  edits: string | null;
  /** The message that is to be answered once more. */
  answers: string | null;
  at: number;
  /** With whom and what for, when a conversation begins with it. */
  begin?: Beginning;
}

export interface About {
  turn_id?: string;
  session_id?: string;
  /** The message that was recorded of what was said. */
  message_id?: string | null;
  answer_id?: string | null;
  status?: string;
}

export type LiveMessage = UIMessage<About>;

/** A turn between being said and being on record with its answer. */
export interface Live {
  said: Said;
  state: "sending" | "answering" | "unsent" | "ended";
  /** Why it is not sent. */
  failure: Failure | null;
  /** The answer as far as it has come. */
  message: LiveMessage | null;
  about: About;
}
