import { memo } from "react";
import { useTranslation } from "react-i18next";

import { day, daysAgo, fullDay } from "./days";
import { beginAgain } from "../live/begin";
import { dropLive, retry } from "../live/live";
import { LiveAnswer, LiveSaid } from "../live/LiveRows";
import type { Message } from "../types";
import { Answer } from "./Answer";
import type { Speaker } from "./AnswerFrame";
import type { Row } from "./rows";
import { Said } from "./Said";
import type { Talk } from "./store";
import { versionsOf, type Tree } from "./tree";

/** Drawn anew when it changed, not when one scrolls. */
export const RowView = memo(One);

function One({
  row,
  talk,
  tree,
  speakerOf,
  me,
}: {
  row: Row;
  talk: Talk;
  /** Of the talk, which is one and the same while what is known of it grows. */
  version: number;
  tree: Tree | null;
  speakerOf: (turn: string | undefined) => Speaker;
  me: string;
}) {
  if (row.kind === "day") return <Day at={row.at} />;
  if (row.kind === "live-said")
    return (
      <LiveSaid
        live={row.live}
        retry={() =>
          talk.id === "new" ? beginAgain(row.live.said.key) : retry(talk.id, row.live.said.key)
        }
        discard={() => dropLive(talk.id, row.live.said.key)}
      />
    );
  if (row.kind === "live-answer")
    return <LiveAnswer live={row.live} who={speakerOf(row.live.about.turn_id)} />;
  const messages = row.places.map((place) => talk.message(place));
  const asked = row.kind === "answer" && row.asked >= 0 ? talk.message(row.asked) : undefined;
  const here = messages.filter((one): one is Message => one !== undefined);
  if (here.length < messages.length)
    return <Coming height={row.height} theirs={row.kind === "said"} />;
  const versions = tree && row.places[0] !== undefined ? versionsOf(tree, row.places[0]) : null;
  return (
    <div data-places={row.places.join(" ")}>
      {row.kind === "said" ? (
        <Said talk={talk} messages={here} versions={versions} me={me} />
      ) : (
        <Answer
          talk={talk}
          messages={here}
          asked={asked}
          versions={versions}
          who={speakerOf(here[0]?.turn_id)}
        />
      )}
    </div>
  );
}

function Day({ at }: { at: number }) {
  const { t } = useTranslation();
  const days = daysAgo(at);
  return (
    <div className="flex items-center gap-3 py-4 text-xs text-quiet">
      <span aria-hidden className="h-px flex-1 bg-line" />
      <span title={fullDay(at)}>
        {days === 0 ? t("chat.today") : days === 1 ? t("chat.yesterday") : day(at)}
      </span>
      <span aria-hidden className="h-px flex-1 bg-line" />
    </div>
  );
}

/** Not here yet: as high as it will be, so that nothing jumps. */
function Coming({ height, theirs }: { height: number; theirs: boolean }) {
  return (
    <div
      aria-hidden
      className={theirs ? "flex justify-end py-2" : "py-3 sm:ps-9"}
      style={{ height }}
    >
      <div
        className={theirs ? "h-full w-2/3 rounded-2xl bg-sunken" : "h-full rounded-lg bg-sunken"}
      />
    </div>
  );
}
