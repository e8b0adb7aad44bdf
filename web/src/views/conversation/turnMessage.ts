/** The first message of a turn, when an address names the turn alone. */
import { answer, api } from "~/api/client";
import { ME } from "~/api/queries";

const PAGE = 1000;

export async function firstMessageOf(session: string, turn: string): Promise<string | null> {
  let cursor: string | null | undefined;
  do {
    const params = {
      path: { user_id: ME, session_id: session },
      query: { limit: PAGE, max_text: 0, ...(cursor ? { cursor } : {}) },
    };
    const asked = api.GET("/api/conversations/{user_id}/{session_id}", { params });
    const page = (await answer(asked)).session;
    const found = page.turns.find((one) => one.id === turn);
    if (found) return found.messages[0]?.id ?? null;
    cursor = page.next_cursor;
  } while (cursor);
  return null;
}
