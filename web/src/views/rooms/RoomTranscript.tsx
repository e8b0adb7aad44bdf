import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Avatar } from "~/parts/Avatar";
import { Button } from "~/parts/Button";

import { Announced } from "./Announced";
import { Answering } from "./Answering";
import { RoomMessage } from "./RoomMessage";
import type { Speaker } from "./speakers";
import type { Message } from "./events";
import type { useRoom } from "./useRoom";

interface Props {
  room: Shapes["RoomDetailOut"];
  live: ReturnType<typeof useRoom>;
  me: string;
  speakers: (message: Pick<Message, "role" | "author">) => Speaker;
}

const KINDS = new Set(["text", "audio", "error"]);

/** What was said, oldest first; it follows the end for as long as one is there. */
export function RoomTranscript({ room, live, me, speakers }: Props) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const { messages, running, waiting } = live;
  const shown = messages.filter(({ kind }) => KINDS.has(kind));
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
  }, [total, shown.length, running, waiting.length]);

  return (
    <div
      ref={scroller}
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
      }}
      className="min-h-0 flex-1 overflow-y-auto px-3 py-4 -outline-offset-2 sm:px-6"
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
        {live.state !== "joining" && !shown.length && !waiting.length && (
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
              <RoomMessage
                message={shown[index]!}
                before={shown[index - 1]}
                speaker={speakers(shown[index]!)}
                mine={shown[index]!.author === me && shown[index]!.role === "user"}
              />
            </div>
          ))}
        </div>
        {running.map((one) => (
          <Answering key={one.turn} running={one} room={room} speakers={speakers} />
        ))}
        {waiting.map((one) => (
          <div key={one.key} className="flex gap-3 py-2">
            <Avatar name={me} className="size-8 opacity-60" />
            <div className="min-w-0">
              <p className="text-xs text-quiet">{t("rooms.waiting")}</p>
              <p className="w-fit max-w-full rounded-card border border-dashed border-edge px-3 py-1.5 break-words whitespace-pre-wrap">
                {one.text}
              </p>
            </div>
          </div>
        ))}
      </div>
      <Announced messages={shown} speakers={speakers} me={me} />
    </div>
  );
}
