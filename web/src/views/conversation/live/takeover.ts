/** When a turn has ended: the record takes the place of what was streamed, in one step. */
import { queries } from "~/api/queries";

import { outlineQuery } from "../queries";
import { talkOf } from "../transcript/store";
import type { Live } from "./types";

export async function takeOver(session: string, live: Live): Promise<void> {
  const talk = talkOf(session);
  const from = talk.outline?.ids.length ?? 0;
  const said = live.about.message_id
    ? (talk.outline?.ids.indexOf(live.about.message_id) ?? -1)
    : -1;
  await talk.catchUp(said >= 0 ? said : from);
  const outline = await queries.fetchQuery({ ...outlineQuery(session), staleTime: 0 });
  const answered = live.about.answer_id;
  if (answered) {
    // The row of the answer stays the row it was.
    const turn = outline.turns[outline.ids.indexOf(answered)];
    const first = outline.ids.findIndex(
      (_, place) => outline.turns[place] === turn && outline.roles[place] !== "u",
    );
    talk.aliases.set(outline.ids[first] ?? answered, `live-${live.said.key}`);
  }
  talk.takeOutline(outline);
}
