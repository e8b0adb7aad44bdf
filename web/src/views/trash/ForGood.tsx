/** Erasing for good: what goes, what becomes of the memories, and the receipt afterwards. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { Question } from "~/parts/Layer";
import { notify } from "~/state/notices";
import { count } from "~/state/times";
import { erase, type Memories } from "~/views/history/actions";
import { consequencesQuery } from "~/views/history/asking/consequences";
import { MemoriesChoice } from "~/views/history/asking/MemoriesChoice";
import { Receipt, type ReceiptOut } from "~/views/history/asking/Receipt";

interface Props {
  ids: readonly string[];
  /** When it is about one alone. */
  title: string | null;
  close: () => void;
}

export function ForGood({ ids, title, close }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const goes = useQuery(consequencesQuery(ids)).data;
  const [memories, setMemories] = useState<Memories>("forget");
  const [receipts, setReceipts] = useState<ReceiptOut[] | null>(null);
  const busy = useRef(false);

  const run = async () => {
    busy.current = true;
    const got: ReceiptOut[] = [];
    try {
      for (const id of ids) got.push(await erase(id, memories));
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    for (const name of ["conversations", "memories", "find", "profile"])
      void client.invalidateQueries({ queryKey: [name] });
    if (got.length > 0) setReceipts(got);
    else close();
  };
  if (receipts)
    return (
      <Receipt
        receipt={receipts.length === 1 ? (receipts[0] ?? receipts) : receipts}
        close={close}
      />
    );
  return (
    <Question
      open
      // The button closes it by itself, and what comes of it is still to be shown.
      close={() => busy.current || close()}
      danger
      title={
        title === null
          ? t("history.bin.ask", { count: ids.length })
          : t("history.bin.askOne", { title: title || t("history.untitled") })
      }
      about={t("history.bin.askAbout")}
      confirm={t("history.bin.forGood")}
      run={() => void run()}
    >
      <div className="space-y-4">
        {goes && (
          <p className="text-sm">
            {t("history.bin.counts", {
              messages: count(goes.messages),
              thoughts: count(goes.thoughts),
              files: count(goes.files),
            })}
          </p>
        )}
        {goes?.memories !== 0 && (
          <MemoriesChoice count={goes?.memories ?? null} value={memories} set={setMemories} />
        )}
      </div>
    </Question>
  );
}
