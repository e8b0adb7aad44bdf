import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Message, Turn } from "../types";
import { AnswerFoot } from "./AnswerFoot";
import { AnswerFrame, type Speaker } from "./AnswerFrame";
import { AudioPlayer, FileChip } from "./Attached";
import { useDoing } from "./doing";
import { Ended, isEnding } from "./Ended";
import { Reasoning } from "./Reasoning";
import type { Talk } from "./store";
import { ToolCard } from "./ToolCard";
import { toolsOf } from "./tools";
import type { Versions as Shown } from "./tree";
import { LongWords } from "./Words";

/** What was answered, with all that happened on the way, and how its turn ended. */
export function Answer({
  talk,
  messages,
  asked,
  versions,
  who,
}: {
  talk: Talk;
  messages: readonly Message[];
  asked: Message | undefined;
  versions: Shown | null;
  who: Speaker;
}) {
  const { t } = useTranslation();
  const doing = useDoing();
  const turn = talk.turn((messages[0] ?? asked)?.turn_id);
  const error = messages.find((one) => one.kind === "error");
  const ending = isEnding(turn?.status) ? (
    <Ended
      status={turn.status}
      reason={error?.text ?? ""}
      code={error?.error_code}
      again={asked && doing.writable ? () => doing.again(asked.id) : null}
    />
  ) : null;
  const [first] = messages;
  if (!first) return turn?.status === "open" ? null : ending;
  const forgotten = new Set(talk.outline?.forgotten);
  const shown = messages.filter((one) => !forgotten.has(one.seq));
  if (!shown.length)
    return <p className="py-2 text-center text-sm text-quiet italic">{t("chat.forgotten")}</p>;
  const name = first.author && first.role === "assistant" ? first.author : who.name;
  const speaker = name === who.name ? who : { name, avatar: null };
  return (
    <AnswerFrame
      who={speaker}
      at={(shown.at(-1) ?? first).at}
      message={first.id}
      foot={<AnswerFoot messages={shown} turn={turn} asked={asked} versions={versions} />}
    >
      <Pieces talk={talk} messages={shown} turn={turn} />
      {ending ??
        (error && (
          <p className="my-2 flex items-center gap-2 rounded-lg bg-rust-wash px-3 py-2 text-sm">
            <CircleAlert aria-hidden className="size-4 text-rust" />
            {error.text}
          </p>
        ))}
    </AnswerFrame>
  );
}

function Pieces({
  talk,
  messages,
  turn,
}: {
  talk: Talk;
  messages: readonly Message[];
  turn: Turn | undefined;
}) {
  const doing = useDoing();
  const tools = toolsOf(messages, turn?.status === "open");
  return messages.map((one) => {
    const words = doing.marks?.message === one.id ? doing.marks.words : "";
    const open = talk.unfolded.has(one.id);
    const toggle = () => talk.fold(one.id);
    const tool = tools.get(one.id);
    const inner =
      one.kind === "reasoning" ? (
        <Reasoning text={one.text} open={open || words !== ""} toggle={toggle} />
      ) : tool ? (
        <ToolCard tool={tool} open={open || words !== ""} toggle={toggle} />
      ) : one.kind === "text" ? (
        <LongWords talk={talk} message={one} words={words} />
      ) : one.kind === "audio" ? (
        <AudioPlayer session={talk.id} message={one} />
      ) : one.kind === "file" ? (
        <FileChip session={talk.id} message={one} />
      ) : null;
    return inner && <div key={one.id}>{inner}</div>;
  });
}
