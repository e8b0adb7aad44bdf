/** Find inside this conversation, drawn or not: "3 of 17", Enter and Shift+Enter go round, Esc ends it. */
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronUp, Search, X } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { IconButton } from "~/parts/Button";
import { useSettled } from "~/views/find/settled";

import { spotsQuery, type Spot } from "./spots";

interface Props {
  sessionId: string;
  close: () => void;
  onGo: (hit: Spot, q: string) => void;
}

export function FindBar({ sessionId, close, onGo }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const q = useSettled(typed.trim(), 120);
  const found = useQuery(spotsQuery(sessionId, q));
  const [at, setAt] = useState(0);
  const hits = q ? found.data?.hits : undefined;
  const count = found.data?.count ?? 0;

  const go = (to: number) => {
    if (!hits || hits.length === 0) return;
    const next = (to + hits.length) % hits.length;
    setAt(next);
    if (hits[next]) onGo(hits[next], q);
  };
  // What was typed leads to its first place at once, as in any browser.
  const gone = useRef<unknown>(null);
  useEffect(() => {
    if (!hits || gone.current === hits) return;
    gone.current = hits;
    setAt(0);
    if (hits[0]) onGo(hits[0], q);
  }, [hits, onGo, q]);

  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(at + (event.shiftKey ? -1 : 1));
    }
  };
  const none = !!q && !!hits && count === 0;
  return (
    <div
      role="search"
      aria-label={t("find.here.name")}
      className="flex items-center gap-1 rounded-xl border border-line bg-raised p-1 ps-3 shadow-layer"
    >
      <Search aria-hidden className="size-4 shrink-0 text-quiet" />
      <input
        autoFocus
        type="text"
        value={typed}
        aria-label={t("find.here.name")}
        placeholder={t("find.here.name")}
        aria-invalid={none}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={keys}
        className="min-h-9 w-44 min-w-0 flex-1 rounded bg-transparent px-1 text-base outline-none placeholder:text-quiet sm:text-sm pointer-coarse:min-h-11"
      />
      <p role="status" className="min-w-16 text-end text-sm text-quiet tabular-nums">
        {found.error && q ? sentence(found.error, t) : null}
        {none && t("find.here.none")}
        {hits && count > 0 && t("find.here.of", { at: at + 1, count })}
      </p>
      <IconButton
        name={t("find.here.previous")}
        keys="shift+Enter"
        disabled={!count}
        onClick={() => go(at - 1)}
      >
        <ChevronUp />
      </IconButton>
      <IconButton
        name={t("find.here.next")}
        keys="Enter"
        disabled={!count}
        onClick={() => go(at + 1)}
      >
        <ChevronDown />
      </IconButton>
      <IconButton name={t("find.here.close")} keys="Escape" onClick={close}>
        <X />
      </IconButton>
    </div>
  );
}
