/** What was found as one list that arrows walk through, with its headings. Pure. */
import type { Shapes } from "~/api/client";

import { markedWords } from "./snippets";
import type { Found, Hit } from "./queries";

export type Section = "conversations" | "archived" | "memories" | "thoughts" | "rooms";

export interface Item {
  key: string;
  section: Section;
  session: Shapes["SessionOut"] | null;
  /** Of a room that has no conversation of its own here. */
  name: string | null;
  hits: Hit[];
  /** How many messages of it match; its hits are the best of them. */
  count: number;
}

export function itemsOf(found: Found): Item[] {
  const groups = (section: Section, list: Found["groups"]): Item[] =>
    list.map(({ session, hits, count }) => ({
      key: `${section} ${session.id}`,
      section,
      session,
      name: null,
      hits: hits.length > 0 ? placesFirst(hits) : [titleHit(session.id, session.title)],
      count: Math.max(count, hits.length, 1),
    }));
  const single = (section: Section, list: readonly Hit[]): Item[] =>
    list.map((hit, at) => ({
      key: `${section} ${hit.memory_id ?? hit.thought_id ?? at}`,
      section,
      session: null,
      name: null,
      hits: [hit],
      count: 1,
    }));
  return [
    ...groups("conversations", found.groups),
    ...groups("archived", found.archived),
    ...single("memories", found.memories),
    ...single("thoughts", found.thoughts),
    ...found.rooms.map(({ room_id, name, hits }) => ({
      key: `rooms ${room_id}`,
      section: "rooms" as const,
      session: null,
      name,
      hits,
      count: hits.length,
    })),
  ].filter(({ hits }) => hits.length > 0);
}

/** A title leads to no message: where the words were said comes before it. */
const placesFirst = (hits: readonly Hit[]): Hit[] => [
  ...hits.filter(({ message_id }) => message_id),
  ...hits.filter(({ message_id }) => !message_id),
];

/** The filters alone match: there is no place in it to go to. */
const titleHit = (session: string, title: string): Hit => ({
  label: "title",
  session_id: session,
  message_id: null,
  memory_id: null,
  thought_id: null,
  room_id: null,
  seq: null,
  at: null,
  role: null,
  speaker: null,
  tool: null,
  snippet: { text: title, marks: [] },
  reasons: [],
  score: 0,
});

/** More hits of a conversation behind those that are known. */
export function joined(known: readonly Hit[], more: readonly Hit[]): Hit[] {
  const there = new Set(known.map(({ message_id }) => message_id));
  return [...known, ...more.filter(({ message_id }) => !there.has(message_id))];
}

export interface Way {
  to: string;
  search: Record<string, string>;
}

/** Where a hit leads: to the very message, with the words to mark there. */
export function wayTo(hit: Hit, words: string): Way {
  const marked = markedWords(hit.snippet).join(" ") || words;
  const part = encodeURIComponent;
  if (hit.memory_id) return { to: `/memories/${part(hit.memory_id)}`, search: {} };
  if (hit.label === "thought" && !hit.message_id)
    return hit.speaker
      ? { to: `/assistants/${part(hit.speaker)}`, search: { thought: hit.thought_id ?? "" } }
      : { to: "/assistants", search: {} };
  const search: Record<string, string> = hit.message_id
    ? { message: hit.message_id, words: marked }
    : {};
  if (hit.room_id) return { to: `/rooms/${part(hit.room_id)}`, search };
  return { to: `/c/${part(hit.session_id ?? "new")}`, search };
}

/** The sections in their order, each with its items. */
export function sectionsOf(items: readonly Item[]): [Section, Item[]][] {
  const sections = new Map<Section, Item[]>();
  for (const item of items)
    sections.set(item.section, [...(sections.get(item.section) ?? []), item]);
  return [...sections];
}
