import { describe, expect, it } from "vitest";

import { blocksOf } from "./blocks";

describe("blocks of a growing text", () => {
  it("are cut at empty lines, and are the text again", () => {
    const text = "One\n\nTwo\ntwo\n\n\nThree";
    expect(blocksOf(text).length).toBe(3);
    expect(blocksOf(text).join("")).toBe(text);
  });

  it("hold code and mathematics together", () => {
    const text = "A\n\n```py\na\n\nb\n```\n\n$$\nx\n\ny\n$$\n\nB";
    expect(blocksOf(text)).toEqual(["A\n\n", "```py\na\n\nb\n```\n\n", "$$\nx\n\ny\n$$\n\n", "B"]);
  });

  it("hold a list together", () => {
    const text = "1. a\n\n   more\n\n2. b\n\nEnd";
    expect(blocksOf(text)).toEqual(["1. a\n\n   more\n\n2. b\n\n", "End"]);
  });
});
