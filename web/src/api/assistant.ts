/** An assistant by its slug: what it is called wherever one meets it, and its picture. */
import { useQuery } from "@tanstack/react-query";

import { named } from "~/state/names";

import { assistantsQuery } from "./queries";

export function useAssistant(slug: string | null | undefined): {
  name: string;
  avatar: string | null;
} {
  const { data } = useQuery(assistantsQuery);
  const known = data?.assistants.find((one) => one.slug === slug);
  return { name: known?.name || named(slug ?? ""), avatar: known?.avatar ?? null };
}
