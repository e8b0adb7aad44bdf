import { describe, expect, it } from "vitest";

import { aroundMark, markedWords, marksOf } from "./snippets";

const cut = (text: string, marks: [number, number][]) =>
  marks.map(([from, to]) => [...text].slice(from, to).join(""));
const LONG =
  "Noted. The spare key for the boat shed hangs behind the third oar, wrapped in blue tape.";
const third: [number, number][] = [
  [56, 61],
  [62, 65],
];

describe("a snippet", () => {
  it("begins shortly before its first marked word, between words", () => {
    const shown = aroundMark({ text: LONG, marks: third });
    expect(shown.text.startsWith("…shed hangs behind the third oar")).toBe(true);
    expect(cut(shown.text, shown.marks)).toEqual(["third", "oar"]);
    expect(shown.marks[0]?.[0]).toBeLessThanOrEqual(23);
  });

  it("is shown as it is when its mark is near the beginning, or there is none", () => {
    expect(aroundMark({ text: "The oar", marks: [[4, 7]] }).text).toBe("The oar");
    expect(aroundMark({ text: LONG, marks: [] })).toEqual({ text: LONG, marks: [] });
  });

  it("leaves out how Markdown makes words look, and marks the same words", () => {
    const text = "🛶 **behind the `third` oar**, ~~not~~ there";
    const shown = aroundMark({
      text,
      marks: [
        [16, 21],
        [23, 26],
      ],
    });
    expect(shown.text).toBe("🛶 behind the third oar, not there");
    expect(cut(shown.text, shown.marks)).toEqual(["third", "oar"]);
    for (const plain of ["2 * 3 * 4 and snake_case", "2**8 is 256", "in src/**/*.py", "f(**more)"])
      expect(aroundMark({ text: plain, marks: [] }).text).toBe(plain);
    for (const piece of [
      "third oar**, there",
      "behind the **third oar",
      "**第三**支桨",
      "the **third oar**",
    ])
      expect(aroundMark({ text: piece, marks: [] }).text).toBe(piece.replaceAll("*", ""));
  });

  it("counts code points, not halves of them", () => {
    const text = `${"🛶".repeat(40)} oar`;
    const shown = aroundMark({ text, marks: [[41, 44]] });
    expect(cut(shown.text, shown.marks)).toEqual(["oar"]);
  });

  it("names its marked words once", () => {
    const marks: [number, number][] = [
      [0, 3],
      [4, 7],
      [8, 12],
    ];
    expect(markedWords({ text: "Oar oar tape", marks })).toEqual(["oar", "tape"]);
  });
});

describe("words in a text", () => {
  it("are found whatever their case and accents, as whole words", () => {
    const text = "🛶 Café, CAFE and cafes: the Öar";
    expect(cut(text, marksOf(text, ["café", "oar"]))).toEqual(["Café", "CAFE", "Öar"]);
  });

  it("none mark nothing", () => {
    expect(marksOf("anything", [" ", "…"])).toEqual([]);
  });
});
