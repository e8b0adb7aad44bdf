import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CirclePause } from "lucide-react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { Button } from "~/parts/Button";
import { Toggle } from "~/parts/Toggle";
import { notify } from "~/state/notices";

import { learningQuery, setLearning } from "./queries";

function useLearning() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data } = useQuery(learningQuery);

  async function set(on: boolean) {
    try {
      await setLearning(on);
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    await client.invalidateQueries({ queryKey: ["memories", "learning"] });
    await client.invalidateQueries({ queryKey: ["me"] });
  }

  return { learning: data?.learning, set: (on: boolean) => void set(on) };
}

/** Whether memories are made of what is said from now on. */
export function LearningSwitch() {
  const { t } = useTranslation();
  const { learning, set } = useLearning();
  if (learning === undefined) return null;
  return (
    <Toggle
      label={t("memories.learning")}
      about={t("memories.learningAbout")}
      on={learning}
      set={set}
    />
  );
}

/** Says so where one looks for what was learned. */
export function Paused() {
  const { t } = useTranslation();
  const { learning, set } = useLearning();
  if (learning !== false) return null;
  return (
    <div className="mx-auto w-full max-w-3xl px-4 pt-4 sm:px-6">
      <div
        role="status"
        className="flex flex-wrap items-center gap-3 rounded-card bg-dusk-wash py-1.5 ps-4 pe-1.5 text-sm"
      >
        <CirclePause aria-hidden className="size-4 text-dusk" />
        <p className="min-w-48 flex-1">{t("memories.paused")}</p>
        <Button onClick={() => set(true)}>{t("memories.resume")}</Button>
      </div>
    </div>
  );
}
