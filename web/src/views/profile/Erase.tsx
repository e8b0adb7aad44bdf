import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { answer, api, type Shapes } from "~/api/client";
import { Failure, sentence } from "~/api/failures";
import { meQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Question } from "~/parts/Layer";
import { dropDrafts } from "~/state/drafts";
import { notify } from "~/state/notices";
import { count } from "~/state/times";

import { Part } from "./Part";
import { profileQuery } from "./queries";
import { Receipt } from "./Receipt";

/** Two ways to make an end: of the conversations, or of everything. */
export function Erase() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"clear" | "erase" | null>(null);
  const [receipts, setReceipts] = useState<readonly Shapes["ReceiptOut"][] | null>(null);
  const close = () => setAsking(null);
  if (receipts) return <Receipt receipts={receipts} />;
  return (
    <>
      <Part title={t("profile.clearTitle")} about={t("profile.clearAbout")}>
        <Button onClick={() => setAsking("clear")}>{t("profile.clearDo")}</Button>
      </Part>
      <Part title={t("profile.eraseTitle")} about={t("profile.eraseAbout")}>
        <Button tone="danger" onClick={() => setAsking("erase")}>
          {t("profile.eraseDo")}
        </Button>
      </Part>
      <Clear open={asking === "clear"} close={close} />
      <EraseAll open={asking === "erase"} close={close} erased={setReceipts} />
    </>
  );
}

function Clear({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: kept } = useQuery(profileQuery);
  const conversations = kept?.conversation_count ?? 0;

  async function run() {
    close();
    try {
      const cleared = await answer(
        api.DELETE("/api/conversations/{user_id}", {
          params: { path: { user_id: "current_user" }, query: { confirm: "all" } },
        }),
      );
      notify(t("profile.cleared", { count: cleared.sessions, shown: count(cleared.sessions) }));
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    await client.invalidateQueries();
  }

  return (
    <Question
      open={open}
      close={close}
      title={t("profile.clearSure", { count: conversations, shown: count(conversations) })}
      about={t("profile.clearSureAbout")}
      confirm={t("profile.clearDo")}
      danger
      run={() => void run()}
    />
  );
}

/**
 * Nothing of what was erased stays on the page around the receipt. It is not asked for anew: with the key
 * the login may be gone, and who is led to log in has lost the receipt.
 */
function forgetShown(client: QueryClient) {
  const theirs = ({ queryKey: [about] }: { queryKey: readonly unknown[] }) =>
    about !== "me" && about !== "profile";
  for (const query of client.getQueryCache().findAll({ predicate: theirs })) query.reset();
}

function EraseAll({
  open,
  close,
  erased,
}: {
  open: boolean;
  close: () => void;
  erased: (receipts: readonly Shapes["ReceiptOut"][]) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  const { data: kept } = useQuery(profileQuery);
  const [typed, setTyped] = useState("");
  const [key, setKey] = useState("");
  const name = me?.user ?? "";
  const withKey = me?.auth === "tokens";

  /** What confirms it is typed anew each time. */
  function leave() {
    setTyped("");
    setKey("");
    close();
  }

  async function run() {
    leave();
    try {
      const receipt = await answer(
        api.POST("/api/erase", { body: { confirm: typed.trim(), ...(withKey ? { key } : {}) } }),
      );
      dropDrafts();
      forgetShown(client);
      erased([receipt]);
    } catch (error) {
      const wrongKey = error instanceof Failure && error.code === "wrong_key";
      notify(wrongKey ? t("profile.wrongKey") : sentence(error, t), { tone: "failed" });
    }
  }

  return (
    <Question
      open={open}
      close={leave}
      title={t("profile.eraseSure")}
      about={t("profile.eraseSureAbout")}
      confirm={t("profile.eraseDo")}
      danger
      ready={!!name && typed.trim() === name && (!withKey || !!key)}
      run={() => void run()}
    >
      <ul className="mb-4 list-disc space-y-1 ps-5 text-sm">
        <li>{t("profile.eraseConversations", { shown: count(kept?.conversation_count ?? 0) })}</li>
        <li>{t("profile.eraseMessages", { shown: count(kept?.message_count ?? 0) })}</li>
        <li>{t("profile.eraseMemories", { shown: count(kept?.memory_count ?? 0) })}</li>
        <li>{t("profile.eraseKey")}</li>
        <li>{t("profile.eraseRooms")}</li>
      </ul>
      <Field
        label={t("profile.eraseType", { name })}
        value={typed}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
      />
      {withKey && (
        <Field
          className="mt-3"
          label={t("profile.eraseWithKey")}
          type="password"
          autoComplete="current-password"
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
      )}
    </Question>
  );
}
