/** The whole of a conversation, of which only what is on the screen is drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useImperativeHandle, useRef, type Ref } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Trouble } from "~/parts/Trouble";

import { RowView } from "./RowView";
import type { Row } from "./rows";
import type { Speaker } from "./AnswerFrame";
import { useFollowing } from "./following";
import type { Talk } from "./store";
import type { Tree } from "./tree";

export interface TranscriptHandle {
  /** Show the row with this place, and in it the n-th mark. */
  goTo: (place: number, mark?: number) => void;
  toEnd: () => void;
  toStart: () => void;
  page: (direction: 1 | -1) => void;
}

export function Transcript({
  talk,
  tree,
  rows,
  speakerOf,
  me,
  landing,
  ready,
  handle,
  announced,
}: {
  talk: Talk;
  tree: Tree | null;
  rows: readonly Row[];
  speakerOf: (turn: string | undefined) => Speaker;
  me: string;
  /** The place to open at; null for the end. */
  landing: number | null;
  /** Whether it is known where that is. */
  ready: boolean;
  handle: Ref<TranscriptHandle>;
  /** The answer that has just ended, to be read out once. */
  announced: string;
}) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const following = useFollowing(scroller, landing === null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => rows[index]?.height ?? 80,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 4,
    paddingStart: 16,
    paddingEnd: 24,
    anchorTo: following.on ? "end" : "start",
    followOnAppend: following.on,
    scrollEndThreshold: 80,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    // What is near comes with it, so that reading on meets no gaps.
    talk.want(
      rows
        .slice(Math.max(0, first - 8), last + 9)
        .flatMap((row) => ("places" in row ? row.places : [])),
    );
  }, [talk, rows, first, last]);

  const goTo = useCallback(
    (place: number, mark = 0) => {
      const index = rows.findIndex((row) => "places" in row && row.places.includes(place));
      if (index < 0) return;
      following.set(false);
      virtual.scrollToIndex(index, { align: "center" });
      landOn(scroller.current, talk, place, mark);
    },
    [rows, virtual, talk, following],
  );
  const toEnd = useCallback(() => {
    following.set(true);
    virtual.scrollToEnd();
  }, [virtual, following]);
  const toStart = useCallback(() => {
    following.set(false);
    virtual.scrollToIndex(0, { align: "start" });
  }, [virtual, following]);
  const page = useCallback(
    (direction: 1 | -1) => {
      if (direction < 0) following.set(false);
      scroller.current?.scrollBy({ top: direction * scroller.current.clientHeight * 0.9 });
    },
    [following],
  );
  useImperativeHandle(handle, () => ({ goTo, toEnd, toStart, page }), [goTo, toEnd, toStart, page]);

  const opened = useRef(false);
  useEffect(() => {
    if (opened.current || !rows.length || !ready) return;
    opened.current = true;
    if (landing === null) virtual.scrollToEnd();
    else goTo(landing);
  }, [rows, landing, ready, virtual, goTo]);

  return (
    <div className="relative min-h-0 flex-1">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Home and End scroll it */}
      <div
        ref={scroller}
        tabIndex={0}
        role="region"
        id="body"
        aria-label={t("chat.transcript")}
        className="h-full overflow-y-auto overscroll-contain px-3 outline-offset-[-3px] [overflow-anchor:none] sm:px-6"
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget) return;
          if (event.key === "Home") toStart();
          else if (event.key === "End") toEnd();
          else return;
          event.preventDefault();
        }}
      >
        <div role="log" aria-live="polite" aria-relevant="additions" aria-label={t("chat.log")}>
          {/* Rows come and go while one scrolls: only a finished answer is told. */}
          <div
            aria-live="off"
            className="relative mx-auto w-full max-w-184"
            style={{ height: virtual.getTotalSize() }}
          >
            {items.map((item) => {
              const row = rows[item.index];
              return (
                row && (
                  <div
                    key={item.key}
                    ref={virtual.measureElement}
                    data-index={item.index}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${item.start}px)` }}
                  >
                    <RowView
                      row={row}
                      talk={talk}
                      version={talk.version}
                      tree={tree}
                      speakerOf={speakerOf}
                      me={me}
                    />
                  </div>
                )
              );
            })}
          </div>
          <p className="sr-only" data-announced="">
            {announced}
          </p>
        </div>
        {talk.failure !== null && (
          <div className="sticky bottom-2">
            <Trouble
              error={talk.failure}
              again={() => {
                talk.failure = null;
                talk.changed();
              }}
            />
          </div>
        )}
      </div>
      {!following.on && rows.length > 0 && (
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
          <Button onClick={toEnd} className="pointer-events-auto !rounded-full shadow-layer">
            <ArrowDown aria-hidden className="size-4" />
            {t("chat.toLatest")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** The message may have to be fetched first: wait for it, then bring the very words into view. */
function landOn(scroller: HTMLElement | null, talk: Talk, place: number, mark: number): void {
  const id = talk.outline?.ids[place];
  const until = performance.now() + 4000;
  const look = () => {
    const row = [...(scroller?.querySelectorAll<HTMLElement>("[data-index]") ?? [])].find(
      (one) => one.querySelector(`[data-places~="${place}"]`) !== null,
    );
    const marks = row?.querySelectorAll("mark");
    const target = marks?.[Math.min(mark, marks.length - 1)];
    if (target) {
      const box = target.getBoundingClientRect();
      const around = scroller?.getBoundingClientRect();
      if (around && (box.top < around.top + 40 || box.bottom > around.bottom - 40))
        target.scrollIntoView({ block: "center" });
    } else if (id && performance.now() < until && !(row && talk.message(place)))
      requestAnimationFrame(look);
  };
  requestAnimationFrame(() => requestAnimationFrame(look));
}
