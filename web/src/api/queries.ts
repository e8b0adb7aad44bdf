/** What is asked of the server again and again, named once. A view that needs more adds its own file beside itself. */
import { QueryClient, queryOptions } from "@tanstack/react-query";

import { onBack } from "~/state/connection";
import { nameOf } from "~/state/names";

import { answer, api } from "./client";
import { Failure } from "./failures";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      gcTime: 5 * 60_000,
      networkMode: "always",
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 3 && error instanceof Failure && error.status >= 500,
      retryDelay: (count, error) =>
        error instanceof Failure && error.retryAfter ? error.retryAfter * 1000 : 400 * 2 ** count,
    },
    mutations: { networkMode: "always", retry: false },
  },
});
onBack(() => void queries.invalidateQueries());

/** `current_user` stands for whoever is logged in. */
export const ME = "current_user";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => answer(api.GET("/api/me", { signal })),
  staleTime: 60_000,
  retry: false,
});

/** How one comes in, for whoever is not known yet. */
export const accessQuery = queryOptions({
  queryKey: ["access"],
  queryFn: ({ signal }) => answer(api.GET("/api/access", { signal })),
  staleTime: Infinity,
});

export const assistantsQuery = queryOptions({
  queryKey: ["assistants"],
  queryFn: async ({ signal }) => {
    const { assistants } = await answer(api.GET("/api/assistants", { signal }));
    return { assistants: assistants.map((one) => ({ ...one, name: nameOf(one) })) };
  },
  staleTime: 60_000,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: ({ signal }) => answer(api.GET("/api/projects", { signal })),
  staleTime: 60_000,
});
