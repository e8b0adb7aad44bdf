/** Recording speech: level and time, then to be heard before it is sent. Fetched when it is first wanted. */
import { useQuery } from "@tanstack/react-query";
import { ArrowUp, Square, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { Button, IconButton } from "~/parts/Button";

import { HeldSpeech } from "../live/HeldSpeech";
import type { Speech } from "../live/types";
import { speechOf } from "./files";
import { useRecording } from "./recording";

export default function Recorder({
  given,
  send,
  close,
}: {
  /** A recording that was brought along; null to make one. */
  given: Speech | null;
  send: (speech: Speech) => void;
  close: () => void;
}) {
  const { t } = useTranslation();
  const me = useQuery(meQuery).data;
  const { hearing, stop } = useRecording(given === null);
  const [made, setMade] = useState<Speech | null>(null);
  const main = useRef<HTMLDivElement>(null);
  const speech = given ?? made;

  useEffect(() => {
    if (hearing.state !== "done") return;
    const name = `${t("chat.recording")} ${new Date().toISOString().slice(0, 16).replace(":", ".")}`;
    const ending = hearing.blob.type.includes("mp4")
      ? "m4a"
      : hearing.blob.type.includes("ogg")
        ? "ogg"
        : "webm";
    void speechOf(hearing.blob, `${name}.${ending}`, hearing.seconds).then(setMade);
  }, [hearing, t]);
  useEffect(() => {
    main.current?.querySelector<HTMLButtonElement>("[data-main]")?.focus();
    // The button that matters is another one at each step.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [hearing.state, speech]);

  const key = (event: React.KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Esc ends it as a whole
    <div ref={main} role="group" aria-label={t("chat.recorder")} onKeyDown={key} className="p-1">
      {speech ? (
        <div className="flex flex-wrap items-center gap-2">
          <HeldSpeech speech={speech} />
          <IconButton
            name={t("chat.discardRecording")}
            keys="Escape"
            onClick={close}
            className="ms-auto"
          >
            <Trash2 />
          </IconButton>
          <Button tone="main" data-main="" onClick={() => send(speech)}>
            <ArrowUp aria-hidden className="size-4" />
            {t("chat.sendRecording")}
          </Button>
        </div>
      ) : hearing.state === "refused" ? (
        <div className="flex flex-wrap items-center gap-2 text-sm">
          <p role="alert" className="min-w-0 flex-1 ps-2">
            {t("chat.noMicrophone")}
          </p>
          <Button data-main="" onClick={close}>
            {t("do.close")}
          </Button>
        </div>
      ) : (
        <div className="flex items-center gap-2">
          <Level levels={hearing.state === "hearing" ? hearing.levels : []} />
          <output className="font-mono text-sm tabular-nums" aria-label={t("chat.recordedFor")}>
            {timer(hearing.state === "hearing" ? hearing.seconds : 0)}
          </output>
          <IconButton name={t("chat.cancelRecording")} keys="Escape" onClick={close}>
            <Trash2 />
          </IconButton>
          <IconButton name={t("chat.stopRecording")} tone="main" data-main="" onClick={stop}>
            <Square className="!size-3.5 fill-current" />
          </IconButton>
        </div>
      )}
      {me && !me.speech.transcribes && (
        <p className="px-2 pt-1 text-xs text-quiet">{t("chat.notTranscribed")}</p>
      )}
    </div>
  );
}

function Level({ levels }: { levels: readonly number[] }) {
  const { t } = useTranslation();
  const now = levels.at(-1) ?? 0;
  return (
    <div
      role="meter"
      aria-label={t("chat.level")}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(now * 100)}
      className="flex h-10 min-w-0 flex-1 items-center justify-end gap-0.5 overflow-hidden rounded-lg bg-sunken px-2"
    >
      {levels.map((level, n) => (
        <span
          // They move through; none has a name of its own.
          // oxlint-disable-next-line react/no-array-index-key
          key={n}
          className="w-1 shrink-0 rounded-full bg-kelp"
          style={{ height: `${Math.max(8, level * 100)}%` }}
        />
      ))}
    </div>
  );
}

const timer = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
