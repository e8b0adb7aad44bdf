/** All that is remembered: what, since when, from where; and a hand to put it right. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Combine, Plus } from "lucide-react";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Page } from "~/parts/Page";
import { Toggle } from "~/parts/Toggle";
import { sentence } from "~/api/failures";
import { notify } from "~/state/notices";
import { Tabs } from "~/views/sessions/Tabs";

import { AddMemory } from "./AddMemory";
import { Changes } from "./Changes";
import { FilterBar } from "./FilterBar";
import { ForgetAbout } from "./ForgetAbout";
import { MemoryList } from "./MemoryList";
import { MergeMemories } from "./MergeMemories";
import { learningQuery, setLearning, type Filters, type Memory } from "./queries";

export function Memories() {
  const { t } = useTranslation();
  const [layer, setLayer] = useState<"add" | "merge" | null>(null);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Memory>>(new Map());
  const filters = useSearch({ strict: false }) as Filters;
  const go = useNavigate();
  const set = useCallback(
    (next: Filters) => void go({ to: "/memories", search: next as never, replace: true }),
    [go],
  );
  const narrowed = Object.entries(filters).some(([name, value]) => name !== "sort" && value);

  function select(memory: Memory, now: boolean) {
    const next = new Map(chosen);
    if (now) next.set(memory.id, memory);
    else next.delete(memory.id);
    setChosen(next);
  }

  return (
    <Page
      title={t("memories.title")}
      actions={
        <>
          {chosen.size > 1 && (
            <Button onClick={() => setLayer("merge")}>
              <Combine aria-hidden className="size-4" />
              {t("memories.mergeSome", { count: chosen.size })}
            </Button>
          )}
          <Button onClick={() => setLayer("add")}>
            <Plus aria-hidden className="size-4" />
            {t("memories.add")}
          </Button>
        </>
      }
    >
      <div className="flex h-full flex-col">
        <Tabs
          name={t("memories.title")}
          tabs={[
            {
              id: "list",
              label: t("memories.now"),
              body: (
                <>
                  <FilterBar filters={filters} set={set} />
                  <MemoryList
                    filters={filters}
                    {...(narrowed ? { widen: () => set({}) } : {})}
                    selected={new Set(chosen.keys())}
                    select={select}
                  />
                </>
              ),
            },
            { id: "changes", label: t("memories.changes"), body: <Changes /> },
            {
              id: "learning",
              label: t("memories.learningTab"),
              body: (
                <div className="mx-auto w-full max-w-3xl space-y-8 p-4 sm:p-6">
                  <LearningSwitch />
                  <ForgetAbout />
                </div>
              ),
            },
          ]}
        />
      </div>
      <AddMemory open={layer === "add"} close={() => setLayer(null)} />
      <MergeMemories
        open={layer === "merge"}
        memories={[...chosen.values()]}
        close={(merged) => {
          setLayer(null);
          if (merged) setChosen(new Map());
        }}
      />
    </Page>
  );
}

function LearningSwitch() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data } = useQuery(learningQuery);
  if (!data) return null;
  return (
    <Toggle
      label={t("memories.learning")}
      about={t("memories.learningAbout")}
      on={data.learning}
      set={(on) =>
        void setLearning(on)
          .catch((error: unknown) => notify(sentence(error, t), { tone: "failed" }))
          .then(() => client.invalidateQueries({ queryKey: ["memories", "learning"] }))
      }
    />
  );
}
