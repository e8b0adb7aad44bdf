/** /c/$session: a conversation, or, for "new", one that has not begun. */
import { queries } from "~/api/queries";
import { placeOf, usePlace } from "~/place";

import { Conversation } from "./Conversation";
import { headQuery, outlineQuery } from "./queries";
import { warmMarkdown } from "./transcript/Words";

const first = placeOf(location.pathname, {}).session;
if (first && first !== "new") {
  // Asked for while it is still being found out who asks.
  warmMarkdown();
  void queries.prefetchQuery(headQuery(first));
  void queries.prefetchQuery(outlineQuery(first));
}

export default function View() {
  const { session } = usePlace();
  return <Conversation session={session ?? "new"} />;
}
