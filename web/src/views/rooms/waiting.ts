/** What was said and not yet taken: it is kept, sealed, and said once as soon as the room is heard. */
import { useCallback, useEffect, useRef, useState } from "react";

import { keepDraft, readDraft } from "~/state/drafts";

export interface Waiting {
  /** The room takes what has the same key once, however often it is sent. */
  key: string;
  text: string;
}

/** `send` gives one to the room and tells whether it could. */
export function useWaiting(room: string, live: boolean, send: (one: Waiting) => boolean) {
  const draft = `room.${room}.waiting`;
  const [waiting, setWaiting] = useState<readonly Waiting[] | null>(null);
  const sent = useRef(new Set<string>());

  useEffect(() => {
    void readDraft<Waiting[]>(draft).then((kept) =>
      setWaiting((now) => [...(kept ?? []), ...(now ?? [])]),
    );
  }, [draft]);
  useEffect(() => {
    if (waiting) void keepDraft(draft, waiting.length ? waiting : null);
  }, [draft, waiting]);
  useEffect(() => {
    if (!live) return sent.current.clear();
    for (const one of waiting ?? [])
      if (!sent.current.has(one.key) && send(one)) sent.current.add(one.key);
  }, [live, waiting, send]);

  const say = useCallback((text: string) => {
    const key = crypto.randomUUID();
    setWaiting((now) => [...(now ?? []), { key, text }]);
  }, []);
  const taken = useCallback(
    (key: string) => setWaiting((now) => now?.filter((one) => one.key !== key) ?? null),
    [],
  );
  return { waiting: waiting ?? [], say, taken };
}
