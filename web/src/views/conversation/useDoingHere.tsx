/** What can be done from within the messages of one conversation, and the question before forgetting one. */
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode, type RefObject } from "react";
import { useTranslation } from "react-i18next";

import { answer, api } from "~/api/client";
import { sentence } from "~/api/failures";
import { ME } from "~/api/queries";
import { Question } from "~/parts/Layer";
import { notify } from "~/state/notices";

import { newKey, say } from "./live/live";
import type { Doing } from "./transcript/doing";
import type { Talk } from "./transcript/store";
import type { TranscriptHandle } from "./transcript/Transcript";
import { leadingTo, treeOf } from "./transcript/tree";
import type { Message, Turn } from "./types";
import type { useLanding } from "./useLanding";

export function useDoingHere({
  talk,
  session,
  temporary,
  writable,
  landing,
  transcript,
  used,
}: {
  talk: Talk;
  session: string;
  temporary: boolean;
  writable: boolean;
  landing: ReturnType<typeof useLanding>;
  transcript: RefObject<TranscriptHandle | null>;
  used: (turn: Turn) => void;
}): { doing: Doing; layers: ReactNode } {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [editing, setEditing] = useState<string | null>(null);
  const [forgetting, setForgetting] = useState<Message | null>(null);
  const { marks, setChosen, clear } = landing;

  const doing = useMemo((): Doing => {
    const speak = (text: string, edits: string | null, answers: string | null) => {
      clear();
      say(session, { key: newKey(), text, speech: null, edits, answers, at: Date.now() });
      requestAnimationFrame(() => transcript.current?.toEnd());
    };
    return {
      edit: (message, text) => speak(text, message.id, null),
      again: (message) => speak("", null, message),
      forget: setForgetting,
      version: (place) => {
        if (!talk.outline) return;
        const tree = treeOf(talk.outline);
        setChosen((before) => leadingTo(tree, place, before));
        requestAnimationFrame(() => transcript.current?.goTo(place));
      },
      used,
      copyLink: (message) => {
        const link = `${location.origin}/c/${session}?message=${message}`;
        void navigator.clipboard.writeText(link).then(() => notify(t("chat.linkCopied")));
      },
      editing,
      setEditing,
      marks,
      writable,
      temporary,
    };
  }, [talk, session, temporary, writable, clear, setChosen, marks, transcript, used, editing, t]);

  const forget = async (message: Message) => {
    setForgetting(null);
    try {
      const gone = await answer(
        api.DELETE("/api/conversations/{user_id}/{session_id}/messages/{message_id}", {
          params: { path: { user_id: ME, session_id: session, message_id: message.id } },
        }),
      );
      notify(gone.memories ? t("chat.forgotWith", { count: gone.memories }) : t("chat.forgot"));
      await client.invalidateQueries({ queryKey: ["conversation", session] });
      await talk.lookAgain();
      for (const name of ["conversations", "memories", "find"])
        void client.invalidateQueries({ queryKey: [name] });
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
  };
  const turn = talk.turn(forgetting?.turn_id);
  const layers = (
    <Question
      open={forgetting !== null}
      close={() => setForgetting(null)}
      title={t("chat.forgetTitle")}
      about={t("chat.forgetAbout")}
      confirm={t("chat.forgetMessage")}
      danger
      run={() => forgetting && void forget(forgetting)}
    >
      <blockquote className="line-clamp-4 border-s-3 border-line ps-3 text-sm break-words italic">
        {forgetting?.text.slice(0, 300) || forgetting?.file?.name}
      </blockquote>
      {turn && turn.memories.length > 0 && (
        <div className="mt-3 text-sm">
          <p>{t("chat.forgetMemories", { count: turn.memories.length })}</p>
          <ul className="mt-1 list-disc ps-5">
            {turn.memories.map((memory) => (
              <li key={memory.id} className="break-words">
                {memory.text}
              </li>
            ))}
          </ul>
        </div>
      )}
    </Question>
  );
  return { doing, layers };
}
