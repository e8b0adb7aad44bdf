/** /c/$session: a conversation, or, for "new", one that has not begun. */
import { usePlace } from "~/place";

import { Conversation } from "./Conversation";

export default function View() {
  const { session } = usePlace();
  return <Conversation session={session ?? "new"} />;
}
