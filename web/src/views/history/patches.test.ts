import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";

import { EVERYTHING } from "./filters";
import { fits, patch } from "./patches";
import type { Segment, Session } from "./queries";

const session = (id: string, more: Partial<Session> = {}): Session =>
  ({
    id,
    title: id,
    pinned: false,
    archived: false,
    assistant: "helper",
    last_message_at: `2026-10-0${id}T10:00:00Z`,
    ...more,
  }) as Session;

const MONTH = ["conversations", "month", EVERYTHING, "2026-10"];
const PINNED = ["conversations", "pinned", EVERYTHING];

function filled(): QueryClient {
  const client = new QueryClient();
  client.setQueryData(MONTH, { month: "2026-10", sessions: [session("3"), session("2")] });
  client.setQueryData(PINNED, [session("4", { pinned: true })]);
  return client;
}
const month = (client: QueryClient) => client.getQueryData<Segment>(MONTH)?.sessions ?? [];
const pinned = (client: QueryClient) =>
  client.getQueryData<Session[]>(PINNED)?.map(({ id }) => id) ?? [];

it("a rename changes the title where it stands, and can be taken back", () => {
  const client = filled();
  const back = patch(client, new Set(["2"]), (one) => ({ ...one, title: "Boat shed" }));
  expect(month(client).map(({ title }) => title)).toEqual(["3", "Boat shed"]);
  back();
  expect(month(client).map(({ title }) => title)).toEqual(["3", "2"]);
});

it("what is pinned joins the pinned ones by its date, and leaves them again", () => {
  const client = filled();
  patch(client, new Set(["3", "2"]), (one) => ({ ...one, pinned: true }));
  expect(pinned(client)).toEqual(["4", "3", "2"]);
  patch(client, new Set(["4", "3"]), (one) => ({ ...one, pinned: false }));
  expect(pinned(client)).toEqual(["2"]);
});

it("what is archived or put into the trash leaves the list", () => {
  const client = filled();
  patch(client, new Set(["3"]), (one) => ({ ...one, archived: true }));
  expect(month(client).map(({ id }) => id)).toEqual(["2"]);
  patch(client, new Set(["2", "4"]), () => null);
  expect([month(client), pinned(client)]).toEqual([[], []]);
});

it("a list has what fits all of its filters", () => {
  expect(fits(session("1"), { ...EVERYTHING, assistant: "helper" })).toBe(true);
  expect(fits(session("1"), { ...EVERYTHING, assistant: "cook" })).toBe(false);
  expect(fits(session("1"), { ...EVERYTHING, archived: true })).toBe(false);
});
