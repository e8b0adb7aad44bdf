/** With whom: name and picture of an assistant. */
import { useCallback } from "react";

import { useAssistant } from "~/api/assistant";

import type { Speaker } from "./transcript/AnswerFrame";

export function useSpeakers(slug: string | null): (turn: string | undefined) => Speaker {
  const { name, avatar } = useAssistant(slug);
  return useCallback(() => ({ name, avatar }), [name, avatar]);
}
