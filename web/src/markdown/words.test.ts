import { describe, expect, it } from "vitest";

import { placesOf, spotsOf } from "./words";

const NEEDLE = "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape";
const marks = (query: string, text = NEEDLE) =>
  spotsOf(text, query).map(([start, end]) => text.slice(start, end));

describe("marked words", () => {
  it.each([
    ["third oar", ["third oar"]],
    ["thrid oar", ["third", "oar"]],
    ["oars", ["oar"]],
    ["spare keys", ["spare", "key"]],
    ['"third oar"', ["third oar"]],
    ["THÍRD OAR", ["third oar"]],
    ["where is the boat shed key", ["key", "boat", "shed"]],
    ["third oar before:2026-10-01", ["third oar"]],
    ["tape -blue", ["tape"]],
  ])("of %j", (query, found) => {
    expect(marks(query)).toEqual(found);
  });

  it("keep their accents", () => {
    expect(marks("cafe", "Das Café. cafe\u0301s")).toEqual(["Café", "cafe\u0301s"]);
  });

  it("are common ones only when there are no others", () => {
    expect(marks("the")).toEqual(["The", "the", "the"]);
  });

  it("are nothing for nothing", () => {
    expect(marks("")).toEqual([]);
    expect(marks("zebra")).toEqual([]);
  });
});

it("finds each place of characters", () => {
  expect(placesOf("Ärger, ARGER", "arger")).toEqual([
    [0, 5],
    [7, 12],
  ]);
});
