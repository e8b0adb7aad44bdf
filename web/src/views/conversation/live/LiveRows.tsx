/** What is being said and answered just now. */
import { CloudOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { Button } from "~/parts/Button";

import { AnswerFrame, type Speaker } from "../transcript/AnswerFrame";
import { useDoing } from "../transcript/doing";
import { Ended, isEnding } from "../transcript/Ended";
import { Reasoning } from "../transcript/Reasoning";
import { BUBBLE } from "../transcript/Said";
import { Stamp } from "../transcript/Stamp";
import { ToolCard, type ToolShown } from "../transcript/ToolCard";
import { Words } from "../transcript/Words";
import { HeldSpeech } from "./HeldSpeech";
import type { Live, LiveMessage } from "./types";

type Part = LiveMessage["parts"][number];

/** What somebody just said, and, when it could not be sent, why and what to do. */
export function LiveSaid({
  live,
  retry,
  discard,
}: {
  live: Live;
  retry: () => void;
  discard: () => void;
}) {
  const { t } = useTranslation();
  const { temporary } = useDoing();
  const { said, state, failure } = live;
  return (
    <article className="flex flex-col items-end py-2" data-unsent={state === "unsent" || undefined}>
      <h2 className="sr-only">{t("chat.youSaid")}</h2>
      <div className={BUBBLE[temporary ? "dusk" : "day"]}>
        {said.speech && <HeldSpeech speech={said.speech} />}
        {said.text && <Words text={said.text} id={said.key} said />}
      </div>
      <div className="flex min-h-8 items-center gap-2 text-quiet">
        {state === "sending" && <span className="text-xs">{t("chat.sending")}</span>}
        <Stamp at={said.at} />
      </div>
      {state === "unsent" && (
        <div
          role="status"
          className="flex max-w-full flex-wrap items-center gap-2 rounded-lg bg-rust-wash px-3 py-2 text-sm"
        >
          <CloudOff aria-hidden className="size-4.5 shrink-0 text-rust" />
          <p className="min-w-44 flex-1">
            {t("chat.unsent")} {failure ? sentence(failure, t) : ""}
          </p>
          <Button onClick={retry}>{t("chat.retry")}</Button>
          <Button tone="quiet" onClick={discard}>
            {t("chat.takeBack")}
          </Button>
        </div>
      )}
    </article>
  );
}

/** The answer as far as it has come. Not read out: the whole of it is, once, when it is there. */
export function LiveAnswer({ live, who }: { live: Live; who: Speaker }) {
  const { t } = useTranslation();
  const doing = useDoing();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) =>
    setOpen((before) => {
      const now = new Set(before);
      if (!now.delete(key)) now.add(key);
      return now;
    });
  const parts = partsOf(live.message);
  const { status, message_id } = live.about;
  const waiting =
    live.state !== "ended" && !parts.some((part) => part.type === "text" && part.text);
  return (
    <AnswerFrame who={who} at={null}>
      {parts.map((part, n) => {
        const key = "toolCallId" in part ? part.toolCallId : `${part.type}${n}`;
        if (part.type === "text")
          return (
            <Words
              key={key}
              text={part.text}
              id={`${live.said.key}-${n}`}
              growing={live.state !== "ended"}
            />
          );
        if (part.type === "reasoning")
          return (
            <Reasoning key={key} text={part.text} open={open.has(key)} toggle={() => toggle(key)} />
          );
        if (part.type === "dynamic-tool")
          return (
            <ToolCard
              key={key}
              tool={shown(part)}
              open={open.has(key)}
              toggle={() => toggle(key)}
            />
          );
        return null;
      })}
      {waiting && <Waiting />}
      {isEnding(status) && (
        <Ended
          status={status}
          reason=""
          again={message_id ? () => doing.again(message_id) : null}
        />
      )}
      {live.state === "ended" && <p className="sr-only">{t("chat.answerDone")}</p>}
    </AnswerFrame>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <p className="flex items-center gap-1.5 py-2">
      <span className="sr-only">{t("chat.answering")}</span>
      {[0, 1, 2].map((n) => (
        <span
          key={n}
          aria-hidden
          className="ebb size-2 rounded-full bg-kelp"
          style={{ animationDelay: `${n * 0.2}s` }}
        />
      ))}
    </p>
  );
}

/** When a model failed and another one answers, what came before does not count. */
export function partsOf(message: LiveMessage | null): readonly Part[] {
  const parts = message?.parts ?? [];
  const fell = parts.findLastIndex((part) => part.type === "data-fell-back");
  return fell < 0 ? parts : parts.slice(fell + 1);
}

export const answerText = (message: LiveMessage | null): string =>
  partsOf(message)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n\n");

function shown(part: Extract<Part, { type: "dynamic-tool" }>): ToolShown {
  const failed = part.state === "output-error";
  const done = part.state === "output-available";
  return {
    name: part.toolName,
    input: part.input,
    output: done ? part.output : failed ? part.errorText : null,
    state: failed ? "failed" : done ? "done" : "running",
    took: null,
    cut: false,
  };
}
