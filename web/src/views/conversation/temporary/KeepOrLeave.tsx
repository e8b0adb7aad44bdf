/** A temporary conversation: it can be saved, and it is asked once before it is left. */
import { useQueryClient } from "@tanstack/react-query";
import { useBlocker, useNavigate } from "@tanstack/react-router";
import { Hourglass } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { raw } from "~/api/client";
import { sentence } from "~/api/failures";
import { ME } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Question } from "~/parts/Layer";
import { notify } from "~/state/notices";

import { keepAllOf } from "../live/live";

export default function KeepOrLeave({ session, spoken }: { session: string; spoken: boolean }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const client = useQueryClient();
  const [saving, setSaving] = useState(false);
  const free = useRef(false);
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => {
      if (free.current || !spoken) return false;
      return current.pathname !== next.pathname;
    },
    enableBeforeUnload: () => spoken && !free.current,
    withResolver: true,
  });

  const save = async () => {
    setSaving(true);
    try {
      const response = await raw(`/api/conversations/${ME}/${session}/keep`, { method: "POST" });
      const kept = (await response.json()) as { session: { id: string } };
      free.current = true;
      keepAllOf(session);
      void client.invalidateQueries({ queryKey: ["conversations"] });
      notify(t("chat.saved"));
      if (kept.session.id === session)
        await client.invalidateQueries({ queryKey: ["conversation", session] });
      else await go({ to: "/c/$session", params: { session: kept.session.id }, replace: true });
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    setSaving(false);
  };
  return (
    <>
      <div className="mx-auto flex w-full max-w-184 flex-wrap items-center gap-2 px-4 pb-2 text-sm">
        <Hourglass aria-hidden className="size-4 text-dusk" />
        <p className="min-w-0 flex-1">{t("chat.temporaryBar")}</p>
        <Button disabled={saving} onClick={() => void save()} className="border-dusk">
          {t("chat.save")}
        </Button>
      </div>
      <Question
        open={status === "blocked"}
        close={() => reset?.()}
        title={t("chat.leaveTitle")}
        about={t("chat.leaveAbout")}
        confirm={t("chat.leave")}
        danger
        run={() => {
          free.current = true;
          // What is let go is gone at once, and not only when the server forgets it by itself.
          void raw(`/api/conversations/${ME}/${session}`, { method: "DELETE" }).catch(
            () => undefined,
          );
          proceed?.();
        }}
      />
    </>
  );
}
