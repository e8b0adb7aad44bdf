import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CornerUpRight, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { answer, api, raw, type Shapes } from "~/api/client";
import { sentence } from "~/api/failures";
import { Button } from "~/parts/Button";
import { Chip } from "~/parts/Chip";
import { INPUT } from "~/parts/Field";
import { Time } from "~/parts/Time";
import { notify } from "~/state/notices";

const LINK =
  "inline-flex min-h-8 items-center gap-1.5 rounded-lg px-2 text-sm text-kelp no-underline hover:bg-kelp-wash hover:underline " +
  "pointer-coarse:min-h-11 [&_svg]:size-4";

/** A memory or a message that was given to the model. */
export function UsedPiece({
  piece,
  changed,
  close,
}: {
  piece: Shapes["UsedPieceOut"];
  changed: () => void;
  close: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState<string | null>(null);
  const { memory, message } = piece;
  if (piece.gone || (!memory && !message))
    return (
      <li className="rounded-card border border-dashed border-line p-3 text-sm text-quiet italic">
        {t("chat.usedGone")}
      </li>
    );
  const at = memory?.created_at ?? message?.at ?? "";
  const source = memory?.sources[0];
  const session = piece.session_id ?? memory?.session_id;
  const landing = message?.id ?? source?.message_id;

  const attempt = async (act: () => Promise<unknown>) => {
    try {
      await act();
      await client.invalidateQueries({ queryKey: ["memories"] });
      changed();
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
  };
  const fix = (id: string) =>
    attempt(async () => {
      const params = { path: { memory_id: id } };
      await answer(
        api.PATCH("/api/memories/{memory_id}", { params, body: { text: (text ?? "").trim() } }),
      );
      setText(null);
      notify(t("chat.memoryFixed"));
    });
  const forget = (id: string) =>
    attempt(async () => {
      await raw(`/api/memories/${id}/trash`, { method: "POST" });
      notify(t("chat.memoryForgotten"), {
        undo: () => attempt(() => raw(`/api/memories/${id}/restore`, { method: "POST" })),
      });
    });

  return (
    <li className="rounded-card border border-line p-3">
      <div className="mb-1 flex flex-wrap items-center gap-2 text-xs text-quiet">
        <Chip>{t(`chat.sections.${piece.section}`)}</Chip>
        {at && <Time at={at} />}
        {piece.session_title && <span className="min-w-0 truncate">{piece.session_title}</span>}
      </div>
      {text === null ? (
        <p className="line-clamp-6 text-sm break-words">{memory?.text || piece.snippet}</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (memory && text.trim()) void fix(memory.id);
          }}
        >
          <textarea
            value={text}
            // The button that opened it asked for it. oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
            rows={2}
            aria-label={t("chat.memoryText")}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.stopPropagation();
              setText(null);
            }}
            className={INPUT}
          />
          <div className="mt-2 flex justify-end gap-2">
            <Button onClick={() => setText(null)}>{t("do.cancel")}</Button>
            <Button type="submit" tone="main" disabled={!text.trim()}>
              {t("chat.keepFix")}
            </Button>
          </div>
        </form>
      )}
      <div className="-ms-2 mt-1 flex flex-wrap items-center">
        {session && landing && (
          <Link
            to="/c/$session"
            params={{ session }}
            search={
              {
                message: landing,
                words: message ? "" : (memory?.text ?? "").slice(0, 200),
              } as never
            }
            onClick={close}
            className={LINK}
          >
            <CornerUpRight aria-hidden className="rtl:-scale-x-100" />
            {t("chat.toSource")}
          </Link>
        )}
        {memory && text === null && (
          <>
            <button type="button" className={LINK} onClick={() => setText(memory.text)}>
              <Pencil aria-hidden />
              {t("chat.fix")}
            </button>
            <button type="button" className={LINK} onClick={() => void forget(memory.id)}>
              <Trash2 aria-hidden />
              {t("chat.forget")}
            </button>
          </>
        )}
      </div>
    </li>
  );
}
