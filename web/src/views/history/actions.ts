/** What can be done to conversations in the list: shown at once, taken back when it fails. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { answer, api, raw, type Shapes } from "~/api/client";
import { sentence } from "~/api/failures";
import { ME } from "~/api/queries";
import { usePlace } from "~/place";
import { notify } from "~/state/notices";

import { patch } from "./patches";
import { at, conversationsChanged, post, type Session } from "./queries";

export type Memories = "forget" | "keep";
type Change = Shapes["ChangeConversationIn"];
type Done = "archive" | "unarchive" | "pin" | "unpin" | "trash" | "restore" | "move";

interface Batch {
  done: string[];
  failed: { session_id: string; code: string; message: string }[];
}

const MOST = 1000;

/** One request for so many; more of them are sent one after the other. */
export async function batch(
  ids: readonly string[],
  what: Done,
  more: { project?: string; memories?: Memories } = {},
): Promise<Batch> {
  const all: Batch = { done: [], failed: [] };
  for (let from = 0; from < ids.length; from += MOST) {
    const session_ids = ids.slice(from, from + MOST);
    const part = await post<Batch>(`/api/conversations/${ME}/batch`, {
      session_ids,
      do: what,
      ...more,
    });
    all.done.push(...part.done);
    all.failed.push(...part.failed);
  }
  return all;
}

export type Actions = ReturnType<typeof useActions>;

export function useActions() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const go = useNavigate();
  const place = usePlace();
  const open = place.session;
  return useMemo(() => {
    const changed = (ids: readonly string[]) => {
      for (const id of ids) void client.invalidateQueries({ queryKey: ["conversation", id] });
      return conversationsChanged(client);
    };
    /** Show it, do it; when it fails show what was there before, and say why. */
    const run = async (
      ids: readonly string[],
      change: (session: Session) => Session | null,
      act: () => Promise<unknown>,
    ): Promise<boolean> => {
      const back = patch(client, new Set(ids), change);
      try {
        await act();
        return true;
      } catch (error) {
        back();
        notify(sentence(error, t), { tone: "failed" });
        return false;
      } finally {
        void changed(ids);
      }
    };
    const write = (id: string, body: Change) =>
      answer(
        api.PATCH("/api/conversations/{user_id}/{session_id}", {
          params: { path: { user_id: ME, session_id: id } },
          body,
        }),
      );
    const many = (ids: readonly string[], what: Done, more = {}) =>
      run(
        ids,
        (session) => (what === "trash" ? null : after(session, what, more)),
        async () => {
          const { failed } = await batch(ids, what, more);
          if (failed.length > 0)
            notify(t("history.someFailed", { count: failed.length }), { tone: "failed" });
        },
      );
    const leave = (ids: readonly string[]) => {
      if (!open || !ids.includes(open)) return false;
      void go({ to: "/c/$session", params: { session: "new" } });
      return true;
    };

    return {
      rename: (session: Session, title: string) =>
        run(
          [session.id],
          (one) => ({ ...one, title }),
          () => write(session.id, { title }),
        ),
      pin: (session: Session) =>
        run(
          [session.id],
          (one) => ({ ...one, pinned: !session.pinned }),
          () => write(session.id, { pinned: !session.pinned }),
        ),
      /** Into the archive or out of it; the notice takes it back. */
      archive: async (ids: readonly string[], archived = true) => {
        const [there, back] = archived
          ? (["archive", "unarchive"] as const)
          : (["unarchive", "archive"] as const);
        if (!(await many(ids, there))) return;
        notify(t(archived ? "history.archived" : "history.unarchived", { count: ids.length }), {
          undo: () => many(ids, back).then(() => undefined),
        });
      },
      move: async (ids: readonly string[], project: string, name: string) => {
        if (!(await many(ids, "move", { project }))) return;
        notify(
          project
            ? t("history.moved", { count: ids.length, project: name })
            : t("history.movedOut", { count: ids.length }),
        );
      },
      /** Into the trash, with or without what was learned from them; the notice brings all back. */
      trash: async (ids: readonly string[], memories: Memories) => {
        const left = leave(ids);
        if (!(await many(ids, "trash", { memories }))) return;
        void client.invalidateQueries({ queryKey: ["memories"] });
        notify(t("history.trashed", { count: ids.length }), {
          undo: async () => {
            try {
              await batch(ids, "restore");
              if (left && ids[0]) void go({ to: "/c/$session", params: { session: ids[0] } });
            } catch (error) {
              notify(sentence(error, t), { tone: "failed" });
            }
            void client.invalidateQueries({ queryKey: ["memories"] });
            await changed(ids);
          },
        });
      },
      /** Where there is no trash: gone, with the receipt. */
      erase: async (id: string, memories: Memories): Promise<Shapes["ReceiptOut"] | null> => {
        let receipt: Shapes["ReceiptOut"] | null = null;
        leave([id]);
        await run(
          [id],
          () => null,
          async () => {
            receipt = await erase(id, memories);
          },
        );
        return receipt;
      },
    };
  }, [client, go, open, t]);
}

function after(session: Session, what: Done, more: { project?: string }): Session {
  if (what === "archive" || what === "unarchive")
    return { ...session, archived: what === "archive" };
  if (what === "pin" || what === "unpin") return { ...session, pinned: what === "pin" };
  if (what === "move") return { ...session, project: more.project || null };
  return session;
}

export async function erase(id: string, memories: Memories): Promise<Shapes["ReceiptOut"]> {
  const response = await raw(at(id, `?memories=${memories}`), { method: "DELETE" });
  return (await response.json()) as Shapes["ReceiptOut"];
}
