import { SendHorizontal } from "lucide-react";
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Avatar } from "~/parts/Avatar";
import { IconButton } from "~/parts/Button";
import { classes } from "~/parts/classes";
import { keepDraft, readDraft } from "~/state/drafts";
import { useOnline } from "~/state/connection";

import { matching, mentioned, mentioningAt } from "./mentions";
import { avatarOf } from "./speakers";
import { writing } from "./state";
import type { useRoom } from "./useRoom";

interface Props {
  room: Shapes["RoomDetailOut"];
  live: ReturnType<typeof useRoom>;
  me: string;
  pictures: readonly Shapes["AssistantOut"][];
}

const TYPING_EVERY_MS = 1_500;

/** Where one writes; "@" lists whom one can name. What is typed stays until it was taken. */
export function RoomComposer({ room, live, me, pictures }: Props) {
  const { t } = useTranslation();
  const online = useOnline();
  const [text, setText] = useState("");
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(-1);
  const box = useRef<HTMLTextAreaElement>(null);
  const typedAt = useRef(0);
  const toCaret = useRef<number | null>(null);
  const listId = useId();
  const draft = `room.${room.id}`;

  useEffect(
    () => void readDraft<string>(draft).then((kept) => setText((now) => now || (kept ?? ""))),
    [draft],
  );

  const naming = mentioningAt(text, caret);
  const others = room.members.filter((one) => one.user_id !== me || one.kind === "assistant");
  const offered =
    naming && naming.start !== closed ? matching(others, naming.typed).slice(0, 8) : [];
  const at = Math.min(chosen, offered.length - 1);

  function change(now: string, caretNow: number) {
    setText(now);
    setCaret(caretNow);
    setChosen(0);
    if (!mentioningAt(now, caretNow)) setClosed(-1);
    void keepDraft(draft, now);
    if (Date.now() - typedAt.current > TYPING_EVERY_MS) {
      typedAt.current = Date.now();
      live.tellTyping();
    }
  }

  useLayoutEffect(() => {
    // Before the next key is taken: what is typed on stands behind the name.
    if (toCaret.current !== null) box.current?.setSelectionRange(toCaret.current, toCaret.current);
    toCaret.current = null;
  });

  function name(id: string) {
    if (!naming) return;
    const [now, caretNow] = mentioned(text, naming, caret, id);
    change(now, caretNow);
    toCaret.current = caretNow;
  }

  function send() {
    if (!text.trim()) return;
    live.say(text);
    setText("");
    setCaret(0);
    void keepDraft(draft, null);
  }

  function onKey(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (offered.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      const step = event.key === "ArrowDown" ? 1 : offered.length - 1;
      setChosen((at + step) % offered.length);
    } else if (offered.length && (event.key === "Enter" || event.key === "Tab")) {
      name(offered[at]!.user_id);
    } else if (offered.length && event.key === "Escape") {
      setClosed(naming!.start);
    } else if (event.key === "Enter" && !event.shiftKey) {
      send();
    } else return;
    event.preventDefault();
  }

  const writers = useWriting(live, me).map(
    (id) => room.members.find((one) => one.user_id === id)?.name ?? id,
  );
  return (
    <div className="mx-auto w-full max-w-[51rem] px-3 pb-3 sm:px-6">
      <p role="status" className="h-5 truncate text-xs text-quiet">
        {live.state === "away" || !online
          ? t("rooms.away")
          : writers.length > 0 &&
            t("rooms.writing", { names: writers.join(", "), count: writers.length })}
      </p>
      <div className="relative">
        {offered.length > 0 && (
          <ul
            id={listId}
            role="listbox"
            aria-label={t("rooms.mention")}
            className="absolute bottom-full start-0 z-10 mb-1 w-64 rounded-xl border border-line bg-raised p-1 shadow-layer"
          >
            {offered.map((one, index) => (
              <li key={`${one.kind} ${one.user_id}`}>
                <button
                  id={`${listId}-${index}`}
                  type="button"
                  role="option"
                  aria-selected={index === at}
                  tabIndex={-1}
                  onPointerDown={(event) => event.preventDefault()}
                  onClick={() => name(one.user_id)}
                  className={classes(
                    "flex min-h-9 w-full items-center gap-2 rounded-lg px-2 text-start text-sm",
                    index === at && "bg-kelp-wash",
                  )}
                >
                  <Avatar
                    name={one.name}
                    avatar={avatarOf(one, pictures)}
                    className="size-6 !text-xs"
                  />
                  <span className="min-w-0 flex-1 truncate">{one.name}</span>
                  <span className="text-xs text-quiet">{t(`rooms.kind.${one.kind}`)}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        <div className="flex items-end gap-2 rounded-2xl border border-edge bg-raised p-2 focus-within:border-kelp">
          <textarea
            ref={box}
            value={text}
            rows={Math.min(8, text.split("\n").length)}
            aria-label={t("rooms.say", { name: room.name })}
            placeholder={t("rooms.say", { name: room.name })}
            aria-haspopup="listbox"
            aria-controls={offered.length ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={offered.length ? `${listId}-${at}` : undefined}
            onChange={(event) => change(event.target.value, event.target.selectionStart)}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
            onKeyDown={onKey}
            className="max-h-52 min-h-9 min-w-0 flex-1 resize-none bg-transparent px-2 py-1.5 text-base outline-none placeholder:text-quiet sm:text-sm"
          />
          <IconButton name={t("rooms.send")} tone="main" disabled={!text.trim()} onClick={send}>
            <SendHorizontal className="rtl:-scale-x-100" />
          </IconButton>
        </div>
      </div>
    </div>
  );
}

/** Who writes just now; who stopped is gone after a few seconds. */
function useWriting(room: Props["live"], me: string): string[] {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 2_000);
    return () => clearInterval(timer);
  }, []);
  return writing(room, me, now);
}
