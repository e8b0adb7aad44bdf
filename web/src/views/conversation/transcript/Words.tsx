import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { arriving } from "~/state/arriving";
import { count } from "~/state/times";

import type { Message } from "../types";
import { MAX_TEXT, type Talk } from "./store";

const load = () => arriving(() => import("~/markdown"));
const Markdown = lazy(load);
/** Fetched beside the first messages, not after them. */
export const warmMarkdown = (): void => void load().catch(() => {});

const PIECE = 40_000;

/** What is read: Markdown, and as plain text until that is here. */
export function Words({
  text,
  id,
  words = "",
  growing = false,
  said = false,
}: {
  text: string;
  id: string;
  words?: string;
  growing?: boolean;
  /** By a person: then lines break where they were broken. */
  said?: boolean;
}) {
  return (
    <Suspense
      fallback={
        <div dir="auto" className="prose">
          <p className="whitespace-pre-wrap">{text}</p>
        </div>
      }
    >
      <Markdown text={text} id={id} words={words} growing={growing} said={said} />
    </Suspense>
  );
}

/** A recorded message; a very long one comes in pieces. */
export function LongWords({
  talk,
  message,
  words,
  said = false,
}: {
  talk: Talk;
  message: Message;
  words: string;
  said?: boolean;
}) {
  const { t } = useTranslation();
  const shown = talk.shown.get(message.id) ?? MAX_TEXT;
  const text = message.text.length > shown ? message.text.slice(0, shown) : message.text;
  const more = message.cut || message.text.length > shown;
  const go = async (characters: number) => {
    if (message.cut) await talk.whole(message.id);
    talk.show(message.id, characters);
  };
  return (
    <>
      <Words text={text} id={message.id} words={words} said={said} />
      {more && (
        <p className="mt-2 flex flex-wrap items-center gap-2 text-sm text-quiet">
          {t("chat.shownOf", { shown: count(text.length), size: count(message.size) })}
          <Button onClick={() => void go(shown + PIECE)}>{t("chat.showMore")}</Button>
          {message.size <= 200_000 && (
            <Button onClick={() => void go(message.size)}>{t("chat.showAll")}</Button>
          )}
        </p>
      )}
    </>
  );
}
