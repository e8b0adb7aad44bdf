import { afterEach, describe, expect, it, vi } from "vitest";

import { noteLost, noteReached } from "~/state/connection";

import { hold, livesOf, retry, say } from "./live";
import type { Said } from "./types";

const said = (key: string): Said => ({
  key,
  text: "Hello",
  speech: null,
  edits: null,
  answers: null,
  at: 0,
});

interface Asked {
  path: string;
  key: string;
}

/** A server that answers as it is told to, one answer for each turn that is posted. */
function serve(...answers: (() => Promise<Response> | Response)[]): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (path: string, init?: RequestInit) => {
    if (!path.endsWith("/turns")) return new Response(null, { status: 204 });
    const { client_key } = JSON.parse(init?.body as string) as { client_key: string };
    asked.push({ path, key: client_key });
    return (answers.shift() ?? (() => new Response("{}", { status: 500 })))();
  });
  return asked;
}

const refused = (status: number) => () =>
  new Response(JSON.stringify({ error: { code: "x", message: "", request_id: "r" } }), { status });
const away = () => Promise.reject(new TypeError("no network"));
const hangs = () => new Promise<Response>(() => undefined);
const state = (session: string) => livesOf(session).map((live) => live.state);

afterEach(() => {
  noteReached();
  vi.unstubAllGlobals();
});

describe("what is said", () => {
  it("stays, unsent, when the server fails, and goes out again under the same key", async () => {
    const asked = serve(refused(500), hangs);
    say("a", said("k1"));
    await vi.waitFor(() => expect(state("a")).toEqual(["unsent"]));

    retry("a", "k1");

    await vi.waitFor(() => expect(asked.map((one) => one.key)).toEqual(["k1", "k1"]));
    expect(state("a")).toEqual(["sending"]);
  });

  it("goes out by itself when the server is back, once", async () => {
    const asked = serve(away, hangs, hangs);
    say("b", said("k2"));
    await vi.waitFor(() => expect(state("b")).toEqual(["unsent"]));

    noteReached();
    noteLost();
    noteReached();

    await vi.waitFor(() => expect(asked.length).toBe(2));
    expect(asked.every((one) => one.key === "k2")).toBe(true);
    expect(state("b")).toEqual(["sending"]);
  });

  it("is not sent again by itself when the server does not want it", async () => {
    const asked = serve(refused(400), hangs);
    say("c", said("k3"));
    await vi.waitFor(() => expect(state("c")).toEqual(["unsent"]));

    noteLost();
    noteReached();
    await Promise.resolve();

    expect(asked.length).toBe(1);
  });

  it("is held once, however often it is tried", () => {
    hold("d", said("k4"), null);
    hold("d", said("k4"), null);

    expect(state("d")).toEqual(["sending"]);
  });
});
