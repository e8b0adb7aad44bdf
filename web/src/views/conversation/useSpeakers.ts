/** With whom: name and picture of an assistant. */
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { assistantsQuery } from "~/api/queries";
import { named } from "~/state/names";

import type { Speaker } from "./transcript/AnswerFrame";

export function useSpeakers(slug: string | null): (turn: string | undefined) => Speaker {
  const { data } = useQuery(assistantsQuery);
  const known = data?.assistants.find((one) => one.slug === slug);
  const name = known?.name || named(slug ?? "");
  const avatar = known?.avatar ?? null;
  return useCallback(() => ({ name, avatar }), [name, avatar]);
}
