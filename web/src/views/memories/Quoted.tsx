import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Quote } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useAssistant } from "~/api/assistant";
import { classes } from "~/parts/classes";
import { Marked } from "~/parts/Marked";
import { Time } from "~/parts/Time";

import { aroundQuery, sourcesQuery, type Memory, type Source } from "./queries";
import { quoteOf } from "./quotes";

/** The words it rests on, who said them and when; or that they are gone, or that there never were any. */
export function Quoted({ memory, all = false }: { memory: Memory; all?: boolean }) {
  const { t } = useTranslation();
  const found = useQuery({ ...sourcesQuery(memory.id), enabled: memory.sources.length > 0 });
  if (memory.source_gone)
    return <p className="mt-3 text-sm text-quiet italic">{t("memories.sourceGone")}</p>;
  if (!memory.sources.length)
    return (
      <p className="mt-3 text-sm text-quiet italic">
        {t(memory.origin === "hand" ? "memories.byHand" : "memories.noSource")}
      </p>
    );
  const messages = found.data?.messages ?? [];
  const shown = all ? messages : messages.slice(0, 1);
  return (
    <div className="mt-3 space-y-3">
      {shown.map((message) => (
        <One key={message.id} memory={memory} message={message} />
      ))}
      {!all && messages.length > 1 && (
        <Link to="/memories/$memory" params={{ memory: memory.id }} className="text-xs">
          {t("memories.moreSources", { count: messages.length - 1 })}
        </Link>
      )}
    </div>
  );
}

function One({ memory, message }: { memory: Memory; message: Source }) {
  const { t } = useTranslation();
  const { name } = useAssistant(memory.assistant);
  const assistant = memory.assistant ? name : t("memories.theAssistant");
  const [open, setOpen] = useState(false);
  const span = memory.sources.find(({ message_id }) => message_id === message.id);
  const quote = quoteOf(message.text, { start: span?.start ?? null, end: span?.end ?? null });
  const [start = 0, end = 0] = quote.marks[0] ?? [];
  const words = [...quote.text].slice(start, end).join("").slice(0, 200);
  return (
    <figure className="border-s-2 border-kelp ps-3">
      <blockquote className="flex gap-2 text-sm break-words">
        <Quote aria-hidden className="mt-0.5 size-3.5 shrink-0 text-kelp" />
        <p className="min-w-0">
          <Marked text={quote.text} marks={quote.marks} />
        </p>
      </blockquote>
      <figcaption className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-quiet">
        <span>
          {message.role === "user" ? (message.author ?? t("memories.you")) : assistant},{" "}
          <Time at={message.at} />
        </span>
        <Link
          to="/c/$session"
          params={{ session: message.session_id }}
          search={{ message: message.id, ...(words ? { words: `"${words}"` } : {}) } as never}
          className="inline-flex min-h-6 items-center"
        >
          {t("memories.openSource")}
        </Link>
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="min-h-6 text-kelp hover:underline"
        >
          {t(open ? "memories.hideAround" : "memories.showAround")}
        </button>
      </figcaption>
      {open && <Around message={message} assistant={assistant} />}
    </figure>
  );
}

/** A little of the transcript, around the source. */
function Around({ message, assistant }: { message: Source; assistant: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(aroundQuery(message.session_id, message.seq));
  return (
    <ol className="mt-2 space-y-1.5 rounded-lg bg-sunken p-3 text-sm">
      {data?.messages
        .filter(({ text }) => text)
        .map((one) => (
          <li
            key={one.id}
            className={classes("break-words", one.id === message.id && "font-medium")}
          >
            <span className="text-xs text-quiet">
              {one.role === "user" ? (one.author ?? t("memories.you")) : assistant}:{" "}
            </span>
            {[...one.text].slice(0, 300).join("")}
          </li>
        ))}
    </ol>
  );
}
