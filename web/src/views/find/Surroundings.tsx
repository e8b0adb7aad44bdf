/** What was said around the hit that is meant, beside the results. */
import { useQuery } from "@tanstack/react-query";
import { Wrench } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { useAssistant } from "~/api/assistant";
import { classes } from "~/parts/classes";
import { Marked } from "~/parts/Marked";
import { Trouble } from "~/parts/Trouble";
import { fullTime } from "~/state/times";

import type { Item } from "./items";
import { aroundQuery, type Hit, type Message } from "./queries";
import { markedWords, marksOf } from "./snippets";

interface Props {
  item: Item;
  hit: Hit;
  words: string;
}

export function Surroundings({ item, hit, words }: Props) {
  const { t } = useTranslation();
  const title = item.name ?? (item.session?.title || t(`find.labels.${hit.label}`));
  const marked = [...words.split(" "), ...markedWords(hit.snippet)];
  return (
    <section aria-label={title} className="flex h-full min-h-0 flex-col">
      <header className="border-b border-line px-5 py-3">
        <bdi className="block truncate font-serif font-semibold">{title}</bdi>
        {hit.at && <p className="text-xs text-quiet">{fullTime(hit.at)}</p>}
      </header>
      {hit.session_id && hit.seq !== null && !hit.memory_id ? (
        <Around
          session={hit.session_id}
          seq={hit.seq}
          hit={hit}
          marked={marked}
          assistant={item.session?.assistant ?? null}
        />
      ) : (
        <p className="overflow-y-auto px-5 py-4 text-sm leading-relaxed break-words whitespace-pre-wrap">
          <Marked text={hit.snippet.text} marks={hit.snippet.marks} />
        </p>
      )}
    </section>
  );
}

function Around(props: {
  session: string;
  seq: number;
  hit: Hit;
  marked: string[];
  assistant: string | null;
}) {
  const { session, seq, hit, marked } = props;
  const { t } = useTranslation();
  const { name } = useAssistant(props.assistant);
  const around = useQuery(aroundQuery(session, seq));
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!around.data) return;
    const one = body.current?.querySelector<HTMLElement>(`[data-said="${hit.message_id}"]`);
    if (one && body.current) body.current.scrollTop = one.offsetTop - body.current.offsetTop - 96;
  }, [around.data, hit.message_id]);
  if (around.error) return <Trouble error={around.error} again={() => void around.refetch()} />;
  return (
    // Scrolled by the keyboard, too.
    <div
      ref={body}
      tabIndex={0}
      role="group"
      aria-label={t("find.around")}
      className="min-h-0 flex-1 space-y-3 overflow-y-auto px-5 py-4"
    >
      {around.data?.map((message) => (
        <Said key={message.id} message={message} hit={hit} marked={marked} name={name} />
      ))}
    </div>
  );
}

function Said({
  message,
  hit,
  marked,
  name,
}: {
  message: Message;
  hit: Hit;
  marked: string[];
  name: string;
}) {
  const { t } = useTranslation();
  const it = message.id === hit.message_id;
  const { role, tool } = message;
  const who = tool
    ? tool.name
    : (message.author ?? (role === "assistant" ? name : t(`find.roles.${role as "user"}`)));
  // What a tool was given and gave is read in the conversation; of the hit it is what matched.
  if (tool && !it)
    return (
      <p className="flex items-center gap-1.5 px-3 text-xs text-quiet">
        <Wrench aria-hidden className="size-3.5 text-kelp" />
        {who}
      </p>
    );
  // Of a long text its beginning is here; of the hit the part that matched is wanted.
  const marks = marksOf(message.text, marked);
  const cut = it && (tool !== null || (message.cut && marks.length === 0));
  return (
    <div
      data-said={message.id}
      className={classes(
        "rounded-xl px-3 py-2 text-sm leading-relaxed",
        it ? "bg-kelp-wash" : message.role === "user" ? "bg-sunken" : "",
      )}
    >
      <p className="text-xs font-semibold text-quiet">{who}</p>
      <p className="break-words whitespace-pre-wrap">
        {cut ? (
          <Marked text={hit.snippet.text} marks={hit.snippet.marks} />
        ) : (
          <Marked text={message.text} marks={marks} />
        )}
        {message.cut && "…"}
      </p>
    </div>
  );
}
