import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Avatar } from "~/parts/Avatar";
import { Button } from "~/parts/Button";
import { Time } from "~/parts/Time";
import { classes } from "~/parts/classes";
import { day } from "~/state/times";
import { Words } from "~/views/conversation/transcript/Words";

import type { Message } from "./events";
import { speakersOf, type Speaker } from "./speakers";
import type { useRoom } from "./useRoom";

interface Props {
  room: Shapes["RoomDetailOut"];
  live: ReturnType<typeof useRoom>;
  me: string;
}

/** What was said, oldest first; it follows the end for as long as one is there. */
export function RoomTranscript({ room, live, me }: Props) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const { messages, running } = live;
  const shown = messages.filter(({ kind }) => ["text", "audio", "error"].includes(kind));
  const speakers = speakersOf(room.members);
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 84,
    overscan: 12,
    getItemKey: (index) => shown[index]!.id,
  });
  const total = rows.getTotalSize();

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && atEnd.current) box.scrollTop = box.scrollHeight;
  }, [total, shown.length, running]);

  return (
    <div
      ref={scroller}
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
      }}
      className="min-h-0 flex-1 overflow-y-auto px-3 py-4 sm:px-6"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={t("rooms.log", { name: room.name })}
    >
      <div className="mx-auto max-w-3xl">
        {live.hasOlder && (
          <div className="mb-4 text-center">
            <Button onClick={() => void live.older()}>{t("rooms.older")}</Button>
          </div>
        )}
        {live.state !== "joining" && !shown.length && (
          <p className="py-16 text-center text-quiet">{t("rooms.empty")}</p>
        )}
        <div style={{ height: total, position: "relative" }}>
          {rows.getVirtualItems().map(({ index, start, key }) => (
            <div
              key={key}
              data-index={index}
              ref={rows.measureElement}
              style={{ transform: `translateY(${start}px)` }}
              className="absolute inset-x-0 top-0"
            >
              <Row
                message={shown[index]!}
                before={shown[index - 1]}
                speaker={speakers(shown[index]!)}
                mine={shown[index]!.author === me && shown[index]!.role === "user"}
              />
            </div>
          ))}
        </div>
        {running.map((one) => (
          <div key={one.turn} className="flex gap-3 py-2">
            <Avatar name="…" className="size-8" />
            <div className="min-w-0">
              <p className="text-xs text-quiet">{t("rooms.answering")}</p>
              {one.text && <Words text={one.text} id={one.turn} growing />}
            </div>
          </div>
        ))}
      </div>
      <Announced messages={shown} speakers={speakers} me={me} />
    </div>
  );
}

interface RowProps {
  message: Message;
  before: Message | undefined;
  speaker: Speaker;
  mine: boolean;
}

function Row({ message, before, speaker, mine }: RowProps) {
  const newDay = !before || day(before.at) !== day(message.at);
  return (
    <>
      {newDay && (
        <p className="my-4 flex items-center gap-3 text-xs text-quiet before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          {day(message.at)}
        </p>
      )}
      <article className="flex gap-3 py-2">
        <Avatar name={speaker.name} avatar={speaker.avatar} className="size-8" />
        <div className="min-w-0 flex-1">
          <p className="flex items-baseline gap-2">
            <span className={classes("text-sm font-semibold", mine && "text-kelp")}>
              {speaker.name}
            </span>
            <Time at={message.at} className="text-xs text-quiet" />
          </p>
          <div
            className={classes(
              "break-words",
              message.kind === "error" && "text-sm text-rust",
              mine && "w-fit max-w-full rounded-card bg-kelp-wash px-3 py-1.5",
            )}
          >
            <Words text={message.text} id={message.id} said={message.role === "user"} />
          </div>
        </div>
      </article>
    </>
  );
}

/** The newest message of somebody else, once, for whom a screen is read. */
function Announced({
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
