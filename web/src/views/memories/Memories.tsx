/** All that is remembered: what, since when, from where; and a hand to put it right. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { HeadButton } from "~/parts/Button";
import { Page } from "~/parts/Page";
import { Tabs } from "~/views/sessions/Tabs";

import { AddMemory } from "./AddMemory";
import { Changes } from "./Changes";
import { ChosenMemories } from "./ChosenMemories";
import { FilterBar } from "./FilterBar";
import { ForgetAbout } from "./ForgetAbout";
import { ForgottenMemories } from "./ForgottenMemories";
import { LearningSwitch, Paused } from "./LearningSwitch";
import { MemoryList } from "./MemoryList";
import { MergeMemories } from "./MergeMemories";
import { filtersOf, type Filters, type Memory } from "./queries";

export function Memories() {
  const { t } = useTranslation();
  const [layer, setLayer] = useState<"add" | "merge" | null>(null);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Memory>>(new Map());
  const search = useSearch({ strict: false });
  const filters = useMemo(() => filtersOf(search), [search]);
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

  const list = (
    <>
      <Paused />
      <FilterBar filters={filters} set={set} />
      <ChosenMemories
        memories={[...chosen.values()]}
        merge={() => setLayer("merge")}
        none={() => setChosen(new Map())}
      />
      <MemoryList
        filters={filters}
        {...(narrowed ? { widen: () => set({}) } : {})}
        selected={new Set(chosen.keys())}
        select={select}
      />
    </>
  );
  const learning = (
    <div className="mx-auto w-full max-w-3xl space-y-10 p-4 pb-12 sm:p-6">
      <LearningSwitch />
      <ForgetAbout />
      <ForgottenMemories />
    </div>
  );
  return (
    <Page
      title={t("memories.title")}
      actions={
        <HeadButton icon={<Plus aria-hidden />} onClick={() => setLayer("add")}>
          {t("memories.add")}
        </HeadButton>
      }
    >
      <div className="flex h-full flex-col">
        <Tabs
          name={t("memories.title")}
          tabs={[
            { id: "list", label: t("memories.now"), body: list },
            { id: "changes", label: t("memories.changes"), body: <Changes /> },
            { id: "learning", label: t("memories.learningTab"), body: learning },
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
