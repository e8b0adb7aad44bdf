import { queryOptions } from "@tanstack/react-query";

import { answer, api, raw, type Shapes } from "~/api/client";
import { zone } from "~/state/times";

export const profileQuery = queryOptions({
  queryKey: ["profile"],
  queryFn: ({ signal }) => answer(api.GET("/api/profile", { signal })),
});

export const activityQuery = queryOptions({
  queryKey: ["profile", "activity"],
  queryFn: ({ signal }) =>
    answer(
      api.GET("/api/profile/activity", { params: { query: { zone: zone(), days: 365 } }, signal }),
    ),
});

export const tokensQuery = queryOptions({
  queryKey: ["profile", "tokens"],
  queryFn: ({ signal }) => answer(api.GET("/api/tokens", { signal })),
});

export const loginsQuery = queryOptions({
  queryKey: ["profile", "logins"],
  queryFn: ({ signal }) => answer(api.GET("/api/logins", { signal })),
});

export type Preferences = Shapes["PreferencesOut"];

export const prefer = (body: Partial<Preferences>) => answer(api.PUT("/api/preferences", { body }));

/** A file as the body; nothing of it is read here. */
export const importFile = (file: File, options: { preview: boolean; signal?: AbortSignal }) =>
  raw(
    `/api/import?filename=${encodeURIComponent(file.name)}${options.preview ? "&preview=true" : ""}`,
    {
      method: "POST",
      body: file,
      headers: {
        "Content-Type": "application/octet-stream",
        Accept: options.preview ? "application/json" : "application/x-ndjson",
      },
      ...(options.signal ? { signal: options.signal } : {}),
    },
  );
