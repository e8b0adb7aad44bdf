/** What is asked for: words, and what they are narrowed to. Pure; in the address of /find as it is. */
import type { Shapes } from "~/api/client";

export interface Ask {
  q: string;
  /** Days: "2026-10-01". */
  since: string | null;
  until: string | null;
  assistant: string | null;
  project: string | null;
  tag: string | null;
  pinned: boolean;
}

export const NOTHING: Ask = {
  q: "",
  since: null,
  until: null,
  assistant: null,
  project: null,
  tag: null,
  pinned: false,
};

export type Understood = Shapes["UnderstoodOut"];

const TEXTS = ["since", "until", "assistant", "project", "tag"] as const;

/** From the address. What is typed there by hand may be a number. */
export function askOf(search: Record<string, unknown>): Ask {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  };
  const ask: Ask = { ...NOTHING, q: text("q") ?? "", pinned: search["pinned"] === true };
  for (const name of TEXTS) ask[name] = text(name);
  return ask;
}

/** For the address: only what is given. */
export function searchOf(ask: Ask): Record<string, string | boolean> {
  const search: Record<string, string | boolean> = {};
  if (ask.q) search["q"] = ask.q;
  for (const name of TEXTS) if (ask[name]) search[name] = ask[name];
  if (ask.pinned) search["pinned"] = true;
  return search;
}

export const isNarrowed = (ask: Ask): boolean =>
  ask.pinned || TEXTS.some((name) => ask[name] !== null);

/** Whether there is anything to look for. */
export const isAsked = (ask: Ask): boolean => ask.q.trim() !== "" || isNarrowed(ask);

/** The words without something that was understood in them. Dates in words may be several, joined. */
export function withoutText(q: string, text: string): string {
  const parts = q.includes(text) ? [text] : text.split(", ");
  let rest = q;
  for (const part of parts) {
    const at = rest.toLowerCase().indexOf(part.toLowerCase());
    if (at >= 0) rest = `${rest.slice(0, at)} ${rest.slice(at + part.length)}`;
  }
  return rest.replaceAll(/\s+/g, " ").trim();
}

/** What is looked for when all that narrows is left out; quotes go, their words stay. */
export function bareWords(q: string, understood: readonly Understood[]): string {
  const narrowing = understood.filter(({ kind }) => kind !== "phrase");
  const rest = narrowing.reduce((words, { text }) => withoutText(words, text), q);
  return rest.replaceAll('"', " ").replaceAll(/\s+/g, " ").trim();
}

/** One chip for each part that was understood: both ends of a time in words are one. */
export function chipsOf(understood: readonly Understood[]): Understood[] {
  const seen = new Set<string>();
  return understood.filter(({ text }) => !seen.has(text) && seen.add(text));
}

const COVERED: Record<string, readonly string[]> = {
  since: ["since", "until"],
  tags: ["tag"],
};

/** The wider search that was offered: without some of what narrows, chosen or typed. */
export function widened(ask: Ask, understood: readonly Understood[], drop: readonly string[]): Ask {
  const kinds = new Set(drop.flatMap((name) => COVERED[name] ?? [name]));
  const wide = { ...ask };
  for (const name of TEXTS) if (kinds.has(name)) wide[name] = null;
  if (kinds.has("pinned")) wide.pinned = false;
  for (const { kind, text } of chipsOf(understood))
    if (kinds.has(kind)) wide.q = withoutText(wide.q, text);
  return wide;
}
