/** Which parts of a tool's output name something of ours, and where that is. */

export interface Ours {
  session?: string;
  message?: string;
  memory?: string;
}

export interface Part {
  at: number;
  part: string;
  to: Ours | null;
}

export const LINK = "text-kelp underline";

const ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const NAMED = new RegExp(
  `(?:(session|conversation|message|memory)(?:[_ -]?id)?["':=/ #]*)?(${ID})(?:/messages/(${ID})|[/#?](?:message=)?(${ID}))?`,
  "gi",
);

/** `beside` are the fields around a value: one named `session_id` says whose `message_id` it is. */
export function oursIn(text: string, beside: Readonly<Record<string, unknown>>): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const found of text.matchAll(NAMED)) {
    const [all, kind = "", id = "", inside, after] = found;
    const to = placeOf(kind.toLowerCase(), id, inside ?? after, text, beside);
    if (!to) continue;
    if (found.index > at) parts.push({ at, part: text.slice(at, found.index), to: null });
    parts.push({ at: found.index, part: all, to });
    at = found.index + all.length;
  }
  if (at < text.length) parts.push({ at, part: text.slice(at), to: null });
  return parts;
}

function placeOf(
  kind: string,
  id: string,
  message: string | undefined,
  text: string,
  beside: Readonly<Record<string, unknown>>,
): Ours | null {
  const field = (name: string) =>
    typeof beside[name] === "string" ? (beside[name] as string) : undefined;
  const named =
    kind ||
    Object.keys(beside)
      .find((name) => beside[name] === text)
      ?.replace(/_?id$/, "");
  const session = field("session_id") ?? field("conversation_id");
  if (message) return { session: id, message };
  if (named === "memory") return { memory: id };
  if (named === "session" || named === "conversation") return { session: id };
  if (named === "message") return session ? { session, message: id } : null;
  // An id alone is of a memory only when its fields say so.
  if (field("kind") === "memory" || field("type") === "memory") return { memory: id };
  return session && id !== session ? { session, message: id } : null;
}
