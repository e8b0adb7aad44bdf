/** Bring conversations back as they were: date, pin, tags, memories. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { notify } from "~/state/notices";
import { batch } from "~/views/history/actions";

export function useRestore() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const go = useNavigate();
  return async (ids: readonly string[]): Promise<boolean> => {
    try {
      const { done, failed } = await batch(ids, "restore");
      if (failed.length > 0)
        notify(t("history.someFailed", { count: failed.length }), { tone: "failed" });
      const [only] = done;
      if (only)
        notify(t("history.bin.restored", { count: done.length }), {
          ...(done.length === 1 && {
            act: {
              label: t("history.bin.open"),
              run: () => void go({ to: "/c/$session", params: { session: only } }),
            },
          }),
        });
      return true;
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
      return false;
    } finally {
      for (const name of ["conversations", "memories", "find", "profile"])
        void client.invalidateQueries({ queryKey: [name] });
    }
  };
}
