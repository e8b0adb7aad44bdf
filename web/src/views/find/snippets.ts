/** Which part of a text is shown of a hit, and what is marked in it. Pure; all counts are code points. */
import type { Shapes } from "~/api/client";

export type Snippet = Shapes["SnippetOut"];
export type Mark = [number, number];

/** So much before the first marked word: with it that word is in the first line, on a phone too. */
const BEFORE = 22;

/**
 * What only says how words look in Markdown: it is not read. Asterisks that stand alone are such only at the edge
 * of a word, where the other end of what they set off was cut away: those of "2**8" and "src/**" say something.
 */
const LOOKS = new RegExp(
  [
    String.raw`\*{2,3}(?=[^\s*](?:[^*\n]*[^\s*])?\*\*)`,
    String.raw`(?<=\*\*[^\s*](?:[^*\n]*[^\s*])?)\*{2,3}`,
    String.raw`(?<![^\s…])\*{2,3}(?=[\p{L}\p{N}])`,
    String.raw`(?<=[\p{L}\p{N}.!?])\*{2,3}(?![^\s….,:;!?)])`,
    "~~|`+|^#{1,6} ",
  ].join("|"),
  "gmu",
);

/** The same words without the signs of Markdown around them. */
export function unmarkedDown(snippet: Snippet): { text: string; marks: Mark[] } {
  const marks = snippet.marks as Mark[];
  const gone = [...snippet.text.matchAll(LOOKS)].map((found) => ({
    at: Array.from(snippet.text.slice(0, found.index)).length,
    size: found[0].length,
  }));
  if (gone.length === 0) return { text: snippet.text, marks };
  const moved = (to: number) =>
    to - gone.reduce((sum, { at, size }) => sum + Math.max(0, Math.min(size, to - at)), 0);
  return {
    text: snippet.text.replaceAll(LOOKS, ""),
    marks: marks.map(([from, to]) => [moved(from), moved(to)]),
  };
}

/** The same snippet from shortly before its first mark, cut between words. */
export function aroundMark(snippet: Snippet, before = BEFORE): { text: string; marks: Mark[] } {
  const { text, marks } = unmarkedDown(snippet);
  const first = marks[0]?.[0] ?? 0;
  if (first <= before) return { text, marks };
  const points = [...text];
  let start = first - before;
  const blank = points.slice(start - 1, first).findIndex((one) => /\s/.test(one));
  if (blank >= 0) start += blank;
  return {
    text: `…${points.slice(start).join("")}`,
    marks: marks.map(([from, to]) => [from - start + 1, to - start + 1]),
  };
}

/** The words that are marked in a snippet, as they stand there, each once. */
export function markedWords(snippet: Snippet): string[] {
  const points = [...snippet.text];
  const words = new Map<string, string>();
  for (const [from = 0, to = 0] of snippet.marks) {
    const word = points.slice(from, to).join("");
    words.set(folded(word), word);
  }
  return [...words.values()];
}

export const folded = (text: string): string =>
  text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();

/** Where words stand in a text, whatever their case and accents: whole words alone. */
export function marksOf(text: string, words: readonly string[]): Mark[] {
  const wanted = new Set(words.flatMap((word) => folded(word).match(WORD) ?? []));
  if (wanted.size === 0) return [];
  const marks: Mark[] = [];
  let points = 0;
  let last = 0;
  for (const found of text.matchAll(WORD)) {
    if (!wanted.has(folded(found[0]))) continue;
    points += Array.from(text.slice(last, found.index)).length;
    const length = [...found[0]].length;
    marks.push([points, points + length]);
    points += length;
    last = found.index + found[0].length;
  }
  return marks;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
