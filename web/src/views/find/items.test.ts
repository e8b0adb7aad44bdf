import { expect, it } from "vitest";

import { itemsOf, joined, sectionsOf, wayTo } from "./items";
import type { Found, Hit } from "./queries";

const hit = (more: Partial<Hit>): Hit =>
  ({
    label: "message",
    session_id: null,
    message_id: null,
    memory_id: null,
    thought_id: null,
    room_id: null,
    speaker: null,
    tool: null,
    snippet: { text: "the third oar", marks: [[4, 9]] },
    reasons: [],
    ...more,
  }) as Hit;
const session = (id: string) => ({ id, title: id }) as Found["groups"][number]["session"];
const found = (more: Partial<Found>): Found => ({
  understood: [],
  groups: [],
  archived: [],
  memories: [],
  thoughts: [],
  rooms: [],
  wider: null,
  ...more,
});

it("conversations come first, archived ones apart, then the rest", () => {
  const items = itemsOf(
    found({
      rooms: [{ room_id: "r", name: "Harbour", hits: [hit({ room_id: "r" })] }],
      memories: [hit({ memory_id: "m" })],
      archived: [{ session: session("b"), count: 2, hits: [hit({ session_id: "b" })] }],
      groups: [{ session: session("a"), count: 0, hits: [] }],
    }),
  );
  expect(sectionsOf(items).map(([name, list]) => [name, list.length])).toEqual([
    ["conversations", 1],
    ["archived", 1],
    ["memories", 1],
    ["rooms", 1],
  ]);
  expect(items[0]?.hits[0]?.label).toBe("title");
  expect(items[1]?.count).toBe(2);
});

it("a hit leads to its very message, with the words that are marked", () => {
  expect(wayTo(hit({ session_id: "s", message_id: "m" }), "thrid oar")).toEqual({
    to: "/c/s",
    search: { message: "m", words: "third" },
  });
  expect(wayTo(hit({ label: "title", session_id: "s" }), "x")).toEqual({ to: "/c/s", search: {} });
  expect(wayTo(hit({ memory_id: "a/b" }), "x").to).toBe("/memories/a%2Fb");
  expect(wayTo(hit({ room_id: "r", message_id: "m" }), "x").to).toBe("/rooms/r");
  expect(wayTo(hit({ label: "thought", thought_id: "t", speaker: "helper" }), "x").to).toBe(
    "/assistants/helper",
  );
});

it("more hits follow those that are known, each once", () => {
  const [a, b] = [hit({ message_id: "a" }), hit({ message_id: "b" })];
  expect(joined([a], [b, a])).toEqual([a, b]);
});
