import { beforeEach, describe, expect, it } from "vitest";

import { draftNames, dropDrafts, keepDraft, openDrafts, readDraft } from "./drafts";

const key = (byte: number) => btoa(String.fromCharCode(...Array<number>(32).fill(byte)));
const sealed = () => localStorage.getItem("holdfast.draft.chat.a");

beforeEach(() => {
  localStorage.clear();
  openDrafts(key(1), []);
});

describe("what was typed and not sent", () => {
  it("opens under its own key and name alone, and cannot be read where it lies", async () => {
    await keepDraft("chat.a", "the third oar");
    expect(sealed()).not.toContain("oar");
    expect(await readDraft("chat.a")).toBe("the third oar");
    localStorage.setItem("holdfast.draft.chat.b", sealed() ?? "");
    expect(await readDraft("chat.b")).toBeNull();
    openDrafts(key(2), []);
    expect(await readDraft("chat.a")).toBeNull();
    expect(draftNames("chat.")).toContain("chat.a");
  });

  it("outlives rotations, and is sealed under the new key as soon as it is read", async () => {
    await keepDraft("chat.a", "the third oar");
    const before = sealed();
    openDrafts(key(3), [key(2), key(1)]);
    expect(await readDraft("chat.a")).toBe("the third oar");
    expect(sealed()).not.toBe(before);
    openDrafts(key(3), []);
    expect(await readDraft("chat.a")).toBe("the third oar");
  });

  it("does not take the place of what was typed while it was read", async () => {
    await keepDraft("chat.a", "old words");
    openDrafts(key(2), [key(1)]);
    const reading = readDraft("chat.a");
    localStorage.setItem("holdfast.draft.chat.a", "newer");
    await reading;
    expect(sealed()).toBe("newer");
  });

  it("goes when it is let go", async () => {
    await keepDraft("chat.a", "the third oar");
    await keepDraft("chat.a", "");
    expect(sealed()).toBeNull();
    await keepDraft("chat.a", "again");
    dropDrafts();
    expect(draftNames("")).toEqual([]);
  });

  it("does not come back when it is let go while it is sealed, nor over what came after it", async () => {
    const sealing = keepDraft("chat.a", "the third oar");
    await keepDraft("chat.a", null);
    await sealing;
    expect(sealed()).toBeNull();
    const dropped = keepDraft("chat.a", "the third oar");
    dropDrafts();
    await dropped;
    expect(sealed()).toBeNull();
    const long = keepDraft("chat.a", "o".repeat(2_000_000));
    await Promise.all([long, keepDraft("chat.a", "a short one")]);
    expect(await readDraft("chat.a")).toBe("a short one");
  });
});
