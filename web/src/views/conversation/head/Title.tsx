import { Pencil } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useActions } from "~/views/history/actions";

import type { Session } from "../types";

const LONGEST = 200;

/** The title, to be changed where it stands. */
export function Title({ info }: { info: Session }) {
  const { t } = useTranslation();
  const { rename } = useActions();
  const [text, setText] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLInputElement>(null);
  const editing = text !== null;
  useEffect(() => {
    if (editing) box.current?.select();
  }, [editing]);
  const name = info.title || t("chat.untitled");
  const close = (focus = true) => {
    setText(null);
    if (focus) requestAnimationFrame(() => button.current?.focus());
  };
  const keep = (focus = true) => {
    const title = (text ?? "").trim();
    close(focus);
    if (title && title !== info.title) void rename(info as Parameters<typeof rename>[0], title);
  };
  return (
    <h1 className="min-w-0 text-lg leading-tight font-semibold">
      {editing ? (
        <input
          ref={box}
          value={text}
          maxLength={LONGEST}
          aria-label={t("chat.title")}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => keep(false)}
          onKeyDown={(event) => {
            if (event.key === "Enter") keep();
            else if (event.key === "Escape") close();
            else return;
            event.preventDefault();
          }}
          className="w-full rounded-md border border-edge bg-raised px-1.5 py-0.5 font-serif"
        />
      ) : (
        <button
          type="button"
          ref={button}
          onClick={() => setText(info.title)}
          title={t("chat.renameTitle", { name })}
          className="group/title flex min-h-7 max-w-full min-w-0 items-center gap-1.5 rounded-md text-start hover:bg-kelp-wash"
        >
          <span className="truncate">{name}</span>
          <Pencil
            aria-hidden
            className="size-3.5 shrink-0 text-quiet opacity-0 group-hover/title:opacity-100 group-focus-visible/title:opacity-100"
          />
        </button>
      )}
    </h1>
  );
}
