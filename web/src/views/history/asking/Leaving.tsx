/** Before conversations leave the list: into the archive, or into the trash with what was learned from them. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { Question } from "~/parts/Layer";

import { useActions, type Memories } from "../actions";
import type { AskedProps } from "../questions";
import { consequencesQuery } from "./consequences";
import { MemoriesChoice } from "./MemoriesChoice";
import { Receipt, type ReceiptOut } from "./Receipt";

export function ArchiveQuestion({ asked, close, done }: AskedProps) {
  const { t } = useTranslation();
  const actions = useActions();
  const count = asked.ids.length;
  const away = asked.what === "archive";
  return (
    <Question
      open
      close={close}
      title={t(away ? "history.ask.archive" : "history.ask.unarchive", { count })}
      about={t(away ? "history.ask.archiveAbout" : "history.ask.unarchiveAbout")}
      confirm={t(away ? "history.archive" : "history.unarchive")}
      run={() => {
        void actions.archive(asked.ids, away);
        done();
      }}
    />
  );
}

export function TrashQuestion({ asked, close, done }: AskedProps) {
  const { t } = useTranslation();
  const actions = useActions();
  const days = useQuery(meQuery).data?.trash_days ?? 30;
  const goes = useQuery(consequencesQuery(asked.ids));
  const [memories, setMemories] = useState<Memories>("forget");
  const [receipt, setReceipt] = useState<ReceiptOut | null>(null);
  const busy = useRef(false);
  const one = asked.session;
  const count = asked.ids.length;
  const learned = goes.data?.memories;

  const run = async () => {
    if (days > 0) {
      void actions.trash(asked.ids, memories);
      return done();
    }
    busy.current = true;
    let last: ReceiptOut | null = null;
    for (const id of asked.ids) last = (await actions.erase(id, memories)) ?? last;
    if (last) setReceipt(last);
    else done();
  };

  // One conversation that nothing was learned from goes at once: it can be brought back.
  const silent = one !== null && days > 0 && learned === 0;
  const went = useRef(false);
  useEffect(() => {
    if (!silent || went.current) return;
    went.current = true;
    void actions.trash(asked.ids, "forget");
    done();
  }, [silent, actions, asked.ids, done]);

  if (receipt) return <Receipt receipt={receipt} close={done} />;
  if (silent || (one && goes.isPending)) return null;
  return (
    <Question
      open
      // The button closes it by itself, and the receipt is still to be shown.
      close={() => busy.current || close()}
      danger
      title={
        one
          ? t("history.ask.trashOne", { title: one.title || t("history.untitled") })
          : t("history.ask.trash", { count })
      }
      about={days > 0 ? t("history.ask.trashAbout", { count: days }) : t("history.ask.forGood")}
      confirm={t("history.delete")}
      run={() => void run()}
    >
      {learned !== 0 && (
        <MemoriesChoice count={learned ?? null} value={memories} set={setMemories} />
      )}
    </Question>
  );
}
