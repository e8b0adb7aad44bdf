/** What a conversation is about, beside its row: whole title, when, how much, and its last words. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useAssistant } from "~/api/assistant";
import { projectsQuery } from "~/api/queries";
import { Chip } from "~/parts/Chip";
import { useKeys } from "~/state/keys";
import { fullTime } from "~/state/times";

import { lastWordsQuery, type Session } from "./queries";

export interface Peeked {
  session: Session;
  row: HTMLElement;
}

/** The card goes where there is room; the pointer may go over to it. */
export function Peek({
  peeked,
  hold,
  close,
}: {
  peeked: Peeked;
  hold: () => void;
  close: () => void;
}) {
  const { t } = useTranslation();
  const { session, row } = peeked;
  const card = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState<number | null>(null);
  const name = useAssistant(session.assistant).name;
  const words = useQuery(lastWordsQuery(session.id, session.last_message_at));
  const box = row.getBoundingClientRect();
  const toLeft = document.documentElement.dir === "rtl";
  // Its last words come later and make it taller: it must not stand out below.
  useLayoutEffect(() => {
    const one = card.current;
    if (!one) return;
    const place = () =>
      setTop(
        Math.max(
          8,
          Math.min(row.getBoundingClientRect().top, window.innerHeight - one.offsetHeight - 8),
        ),
      );
    place();
    const watch = new ResizeObserver(place);
    watch.observe(one);
    return () => watch.disconnect();
  }, [row]);
  useEffect(() => {
    window.addEventListener("scroll", close, { capture: true, once: true });
    return () => window.removeEventListener("scroll", close, { capture: true });
  }, [close]);
  useKeys([{ keys: "Escape", does: "closePreview", run: close }]);
  const edge = toLeft ? { right: window.innerWidth - box.left + 24 } : { left: box.right + 24 };
  return (
    <div
      ref={card}
      role="tooltip"
      id="peek"
      onPointerEnter={hold}
      onPointerLeave={close}
      style={{ top: top ?? box.top, ...edge }}
      className="fixed z-30 w-88 space-y-3 rounded-2xl border border-line bg-raised p-4 text-sm shadow-layer"
    >
      <div>
        <bdi className="block font-serif text-base leading-snug font-semibold break-words">
          {session.title || t("history.untitled")}
        </bdi>
        <p className="mt-1 text-xs text-quiet">
          {fullTime(session.last_message_at)}
          {" · "}
          {t("history.messages", { count: session.message_count })}
        </p>
      </div>
      <Labels session={session} />
      <div className="space-y-2 border-s-2 border-line ps-3">
        {words.data?.map((message) => (
          <p key={message.id} className="line-clamp-3 break-words">
            <span className="me-1.5 text-xs font-semibold text-quiet">
              {message.role === "user" ? t("history.you") : name}
            </span>
            <bdi>{message.text}</bdi>
          </p>
        ))}
        {!words.data && <p className="line-clamp-3">{session.preview}</p>}
      </div>
    </div>
  );
}

function Labels({ session }: { session: Session }) {
  const { name } = useAssistant(session.assistant);
  const projects = useQuery(projectsQuery).data?.projects;
  const { assistant, project, tags } = session;
  if (!assistant && !project && tags.length === 0) return null;
  return (
    <p className="flex flex-wrap gap-1.5">
      {assistant && <Chip>{name}</Chip>}
      {project && <Chip>{projects?.find(({ slug }) => slug === project)?.name ?? project}</Chip>}
      {tags.slice(0, 4).map((tag) => (
        <Chip key={tag}>#{tag}</Chip>
      ))}
    </p>
  );
}
