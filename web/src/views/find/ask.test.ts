import { describe, expect, it } from "vitest";

import { askOf, bareWords, chipsOf, isAsked, NOTHING, searchOf, widened, withoutText } from "./ask";

const inMarch = [
  { kind: "since", value: "2026-03-01T00:00:00Z", text: "in March" },
  { kind: "until", value: "2026-04-01T00:00:00Z", text: "in March" },
] as const;

describe("the address", () => {
  it("holds what was asked, and gives it back", () => {
    const ask = { ...NOTHING, q: "third oar", since: "2026-03-01", tag: "garden", pinned: true };
    expect(askOf(searchOf(ask))).toEqual(ask);
    expect(searchOf(NOTHING)).toEqual({});
  });

  it("may hold a number, or nonsense", () => {
    expect(askOf({ q: 2026, since: {}, pinned: "yes" })).toEqual({ ...NOTHING, q: "2026" });
  });
});

describe("what was understood", () => {
  it("is one chip for both ends of a time", () => {
    expect(chipsOf(inMarch).map(({ text }) => text)).toEqual(["in March"]);
  });

  it("can be taken out of the words, wherever it stands", () => {
    expect(withoutText("third oar In March tape", "in March")).toBe("third oar tape");
    expect(withoutText("oar in March or last week", "in March, last week")).toBe("oar or");
    expect(withoutText("oar", "tape")).toBe("oar");
  });

  it("is left out of the words that are marked; a phrase is not", () => {
    const phrase = { kind: "phrase", value: "third oar", text: '"third oar"' } as const;
    expect(bareWords('"third oar" in March', [...inMarch, phrase])).toBe("third oar");
  });
});

it("a wider search drops what was chosen and what was typed", () => {
  const ask = { ...NOTHING, q: "oar in March tag:garden", since: "2026-01-01", pinned: true };
  const tag = { kind: "tag", value: "garden", text: "tag:garden" } as const;
  expect(widened(ask, [...inMarch, tag], ["since", "tags"])).toEqual({
    ...NOTHING,
    q: "oar",
    pinned: true,
  });
});

it("filters alone ask, blanks do not", () => {
  expect([isAsked({ ...NOTHING, q: "  " }), isAsked({ ...NOTHING, tag: "garden" })]).toEqual([
    false,
    true,
  ]);
});
