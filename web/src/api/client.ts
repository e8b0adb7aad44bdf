/** The one way to the server. What it refuses is thrown as a `Failure`; nothing is retried here. */
import createClient, { type Middleware } from "openapi-fetch";

import { noteLost, noteReached } from "~/state/connection";

import { Failure, failureOf } from "./failures";
import type { components, paths } from "./schema";

export type Shapes = components["schemas"];

const reached: Middleware = {
  async onResponse({ response }) {
    noteReached();
    if (!response.ok) throw await failureOf(response);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    noteLost();
    return new Failure(0, "offline", "", "");
  },
};

export const api = createClient<paths>({ baseUrl: "", credentials: "same-origin" });
api.use(reached);

/** What was answered; the failures were thrown before. */
export async function answer<T>(asked: Promise<{ data?: T }>): Promise<T> {
  const { data } = await asked;
  return data as T;
}

/** For what is no JSON: files, streams, exports. Fails like everything else. */
export async function raw(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    noteLost();
    throw new Failure(0, "offline", "", "");
  }
  noteReached();
  if (!response.ok) throw await failureOf(response);
  return response;
}
