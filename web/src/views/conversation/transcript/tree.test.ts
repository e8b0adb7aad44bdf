import { describe, expect, it } from "vitest";

import { leadingTo, pathOf, treeOf, versionsOf } from "./tree";

const tree = (...parents: number[]) => treeOf({ ids: parents.map(String), parents });

// 0 asked, 1 answered, 2 asked, 3 answered; 4 is 2 said differently, 5 its answer; 6 answers 0 once more.
const forked = tree(-1, 0, 1, 2, 1, 4);

describe("the way through a conversation", () => {
  it("is the whole of it when nothing was said twice", () => {
    expect(pathOf(tree(-1, 0, 1, 2), new Map())).toEqual([0, 1, 2, 3]);
  });

  it("leads to what was talked in last", () => {
    expect(pathOf(forked, new Map())).toEqual([0, 1, 4, 5]);
    expect(pathOf(tree(-1, 0, 1, 2, 1, 4, 0), new Map())).toEqual([0, 6]);
  });

  it("goes where it was told to, and to the newest from there", () => {
    expect(pathOf(forked, new Map([[1, 2]]))).toEqual([0, 1, 2, 3]);
    expect(pathOf(forked, leadingTo(forked, 3, new Map()))).toEqual([0, 1, 2, 3]);
  });

  it("begins at the version that was chosen when the first message was said differently", () => {
    const first = tree(-1, 0, -1, 2);
    expect(pathOf(first, new Map())).toEqual([2, 3]);
    expect(pathOf(first, leadingTo(first, 1, new Map()))).toEqual([0, 1]);
  });

  it("ends for a parent that cannot be", () => {
    expect(pathOf(tree(-1, 5, 1), new Map([[-1, 1]]))).toEqual([1, 2]);
  });
});

describe("versions", () => {
  it("are counted from the oldest, with their neighbours", () => {
    expect(versionsOf(forked, 4)).toEqual({ number: 2, count: 2, before: 2, after: null });
    expect(versionsOf(forked, 2)).toEqual({ number: 1, count: 2, before: null, after: 4 });
  });

  it("are not there for what was said once", () => {
    expect(versionsOf(forked, 1)).toBeNull();
  });
});
