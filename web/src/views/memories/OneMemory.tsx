/** One memory with everything: what was true when, what it rests on, what its session taught. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "~/api/failures";
import { Button } from "~/parts/Button";
import { classes } from "~/parts/classes";
import { Page } from "~/parts/Page";
import { Time } from "~/parts/Time";
import { Trouble } from "~/parts/Trouble";
import { Lost } from "~/shell/Lost";
import { ThoughtRow } from "~/views/assistants/ThoughtRow";

import { MemoryCard } from "./MemoryCard";
import { Quoted } from "./Quoted";
import { Receipts } from "./Receipts";
import { Validity } from "./Validity";
import { historyQuery, memoryQuery, thoughtsOfQuery, type Memory } from "./queries";
import { useHand } from "./useHand";

export function OneMemory({ id }: { id: string }) {
  const { t } = useTranslation();
  const found = useQuery(memoryQuery(id));
  if (found.error instanceof Failure && found.error.status === 404) return <Lost />;
  return (
    <Page title={t("memories.one")}>
      <div className="mx-auto max-w-3xl space-y-8 px-4 py-3 pb-12 sm:px-6">
        <Link to="/memories" className="block w-fit py-1 text-sm">
          {t("memories.toAll")}
        </Link>
        {found.isError && <Trouble error={found.error} again={() => void found.refetch()} />}
        {found.data && <Inside memory={found.data} />}
      </div>
    </Page>
  );
}

function Inside({ memory }: { memory: Memory }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  return (
    <>
      <MemoryCard memory={memory} editing={editing} edit={setEditing} />
      {memory.sources.length > 1 && (
        <section aria-label={t("memories.sources")}>
          <h2 className="text-lg font-semibold">{t("memories.sources")}</h2>
          <Quoted memory={memory} all />
        </section>
      )}
      <Told memory={memory} />
      <Thought memory={memory} />
      {memory.session_id && <Receipts session={memory.session_id} />}
    </>
  );
}

/** What led to it in an assistant's mind. */
function Thought({ memory }: { memory: Memory }) {
  const { t } = useTranslation();
  const { data } = useQuery(thoughtsOfQuery(memory.id));
  if (!data?.thoughts.length) return null;
  return (
    <section aria-label={t("memories.thoughts")}>
      <h2 className="text-lg font-semibold">{t("memories.thoughts")}</h2>
      <ol className="mt-3 space-y-1">
        {data.thoughts.map((thought) => (
          <ThoughtRow key={thought.id} thought={thought} alone />
        ))}
      </ol>
    </section>
  );
}

/** What was true one after the other, and what the owner changed. */
function Told({ memory }: { memory: Memory }) {
  const { t } = useTranslation();
  const hand = useHand();
  const { data } = useQuery(historyQuery(memory.id));
  if (!data || (data.chain.length < 2 && !data.former.length)) return null;
  return (
    <section aria-label={t("memories.history")}>
      <h2 className="text-lg font-semibold">{t("memories.history")}</h2>
      {data.chain.length > 1 && (
        <ol className="mt-3 space-y-1">
          {data.chain.map((one) => (
            <li
              key={one.id}
              aria-current={one.id === memory.id ? "true" : undefined}
              className={classes(
                "border-s-2 py-1.5 ps-4",
                one.id === memory.id ? "border-kelp font-medium" : "border-line",
              )}
            >
              <Link
                to="/memories/$memory"
                params={{ memory: one.id }}
                className="break-words text-ink no-underline hover:underline"
              >
                {one.text}
              </Link>
              <p className="text-xs text-quiet">
                <Validity memory={one} />
              </p>
            </li>
          ))}
        </ol>
      )}
      {data.former.length > 0 && (
        <ol className="mt-3 space-y-1">
          {data.former.map((version) => (
            <li
              key={version.changed_at + version.memory.text}
              className="border-s-2 border-line py-1.5 ps-4"
            >
              <p className="break-words text-quiet">
                {version.memory.text === memory.text ? (
                  t("memories.sameWords")
                ) : (
                  <s>{version.memory.text}</s>
                )}
              </p>
              <p className="text-xs text-quiet">
                {t(`memories.version.${version.change}`)} · <Time at={version.changed_at} />
              </p>
            </li>
          ))}
        </ol>
      )}
      {memory.corrected && (
        <Button className="mt-3" onClick={() => void hand.undo(memory)}>
          {t("memories.takeBack")}
        </Button>
      )}
    </section>
  );
}
