import { useEffect, useRef } from "react";

import type { Message } from "./events";
import type { Speaker } from "./speakers";

/** The newest message of somebody else, once, for whom a screen is read. */
export function Announced({
  messages,
  speakers,
  me,
}: {
  messages: readonly Message[];
  speakers: (message: Message) => Speaker;
  me: string;
}) {
  const box = useRef<HTMLParagraphElement>(null);
  const last = messages.at(-1);
  const told = useRef<string | null>(null);
  useEffect(() => {
    if (!last || last.id === told.current || !box.current) return;
    const first = told.current === null;
    told.current = last.id;
    if (!first && last.author !== me)
      box.current.textContent = `${speakers(last).name}: ${last.text}`;
  }, [last, speakers, me]);
  return <p ref={box} aria-live="polite" className="sr-only" />;
}
