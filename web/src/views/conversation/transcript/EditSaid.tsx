import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { keepDraft, readDraft } from "~/state/drafts";

import type { Message } from "../types";
import { useDoing } from "./doing";

/** Say it differently: the first version stays beside it. What is typed is kept like any draft. */
export function EditSaid({ message }: { message: Message }) {
  const { t } = useTranslation();
  const doing = useDoing();
  const [text, setText] = useState(message.text);
  const box = useRef<HTMLTextAreaElement>(null);
  const draft = `edit.${message.id}`;
  useEffect(() => {
    let here = true;
    void readDraft<string>(draft).then((kept) => {
      if (here && kept) setText(kept);
    });
    box.current?.focus();
    box.current?.setSelectionRange(-1, -1);
    return () => {
      here = false;
    };
  }, [draft]);
  const change = (now: string) => {
    setText(now);
    void keepDraft(draft, now === message.text ? null : now);
  };
  const close = () => {
    void keepDraft(draft, null);
    doing.setEditing(null);
    document.getElementById("composer")?.focus();
  };
  const send = () => {
    if (!text.trim()) return;
    close();
    if (text !== message.text) doing.edit(message, text);
  };
  return (
    <form
      className="my-2 rounded-2xl border border-kelp bg-raised p-3"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label className="sr-only" htmlFor={`e${message.id}`}>
        {t("chat.edit")}
      </label>
      <textarea
        id={`e${message.id}`}
        ref={box}
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.preventDefault();
            close();
          } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
        }}
        className="field-sizing-content max-h-80 min-h-16 w-full resize-none bg-transparent"
      />
      <div className="mt-2 flex flex-wrap items-center justify-end gap-2">
        <p className="me-auto text-xs text-quiet">{t("chat.editAbout")}</p>
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit" disabled={!text.trim()}>
          {t("chat.sendEdit")}
        </Button>
      </div>
    </form>
  );
}
