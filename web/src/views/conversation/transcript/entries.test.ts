import { describe, expect, it } from "vitest";

import { entriesOf, entryOf } from "./entries";

const DAY = 86_400_000;
const NOON = new Date(2026, 10, 20, 12).getTime();

function outline(roles: string, turns: number[], kinds = "t".repeat(roles.length), at?: number[]) {
  return {
    ids: [...roles].map((_, place) => `m${place}`),
    parents: [...roles].map((_, place) => place - 1),
    roles,
    kinds,
    turns,
    sizes: [...roles].map(() => 40),
    at: at ?? [...roles].map((_, place) => NOON + place),
    forgotten: [],
  };
}
const all = (roles: string) => [...roles].map((_, place) => place);
const shapes = (entries: ReturnType<typeof entriesOf>) =>
  entries.map((entry) => (entry.kind === "day" ? "day" : `${entry.kind} ${entry.places.join()}`));

describe("entries", () => {
  it("put a turn's calls, results and answer together", () => {
    const entries = entriesOf(
      outline("uataua", [0, 0, 0, 0, 1, 1], "tcrttt"),
      all("uataua"),
      new Set(),
    );
    expect(shapes(entries)).toEqual(["day", "said 0", "answer 1,2,3", "said 4", "answer 5"]);
  });

  it("keep a speech and its words in one", () => {
    const entries = entriesOf(outline("uua", [0, 0, 0], "att"), all("uua"), new Set());
    expect(shapes(entries)).toEqual(["day", "said 0,1", "answer 2"]);
  });

  it("say what became of what was never answered", () => {
    const entries = entriesOf(outline("uua", [0, 1, 1]), all("uua"), new Set());
    expect(shapes(entries)).toEqual(["day", "said 0", "answer ", "said 1", "answer 2"]);
  });

  it("count an error to the answer", () => {
    const entries = entriesOf(outline("us", [0, 0], "te"), all("us"), new Set());
    expect(shapes(entries)).toEqual(["day", "said 0", "answer 1"]);
  });

  it("leave to the live answer what it shows", () => {
    const entries = entriesOf(outline("ua", [0, 0]), [0, 1], new Set([1]));
    expect(shapes(entries)).toEqual(["day", "said 0"]);
  });

  it("begin each day with it", () => {
    const at = [NOON, NOON + 1, NOON + DAY, NOON + DAY + 1];
    const entries = entriesOf(outline("uaua", [0, 0, 1, 1], "tttt", at), all("uaua"), new Set());
    expect(shapes(entries)).toEqual(["day", "said 0", "answer 1", "day", "said 2", "answer 3"]);
  });

  it("are found by a place", () => {
    const entries = entriesOf(outline("uata", [0, 0, 0, 0], "tcrt"), all("uata"), new Set());
    expect([entryOf(entries, 3), entryOf(entries, 9)]).toEqual([2, -1]);
  });
});
