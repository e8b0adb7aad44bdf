/** "@" and what follows it at the caret: whom somebody is about to name. */
export interface Mentioning {
  /** Where the "@" stands. */
  start: number;
  /** What was typed after it. */
  typed: string;
}

export function mentioningAt(text: string, caret: number): Mentioning | null {
  const before = text.slice(0, caret);
  const found = /(?:^|\s)@([^\s@]{0,40})$/u.exec(before);
  return found ? { start: caret - (found[1]?.length ?? 0) - 1, typed: found[1] ?? "" } : null;
}

interface Named {
  user_id: string;
  name: string;
}

/** Those whose name or id begins so, or has a word that does. */
export function matching<T extends Named>(members: readonly T[], typed: string): T[] {
  const wanted = typed.toLocaleLowerCase();
  return members.filter(({ user_id, name }) =>
    [user_id, ...name.split(/\s+/)].some((word) => word.toLocaleLowerCase().startsWith(wanted)),
  );
}

/** The text with somebody named where the mention began, and where the caret stands then. */
export function mentioned(
  text: string,
  at: Mentioning,
  caret: number,
  id: string,
): [string, number] {
  const put = `@${id} `;
  return [text.slice(0, at.start) + put + text.slice(caret), at.start + put.length];
}

const escaped = (name: string) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * Those who are named in a text, in the order in which they answer: that of their first mention, by "@slug",
 * "@name", or the name at the very beginning before a comma or colon. The server decides; this tells whose turn it is.
 */
export function namedIn<T extends Named>(text: string, assistants: readonly T[]): T[] {
  const at = (one: T) => {
    const names = [one.user_id, one.name].map(escaped).join("|");
    return text.search(
      new RegExp(
        `(?<![\\p{L}\\p{N}_])@(?:${names})(?![\\p{L}\\p{N}_])|^\\s*(?:${names})\\s*[,:]`,
        "iu",
      ),
    );
  };
  return assistants
    .map((one) => ({ one, place: at(one) }))
    .filter(({ place }) => place >= 0)
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
