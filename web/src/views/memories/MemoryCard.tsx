import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Folder, Pin } from "lucide-react";
import { useTranslation } from "react-i18next";

import { assistantsQuery, projectsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { Chip } from "~/parts/Chip";
import { classes } from "~/parts/classes";
import { Time } from "~/parts/Time";

import { Conflicts } from "./Conflicts";
import { EditMemory } from "./EditMemory";
import { Importance } from "./Importance";
import { KindMark } from "./KindMark";
import { MemoryMenu } from "./MemoryMenu";
import { Quoted } from "./Quoted";
import { Validity } from "./Validity";
import type { Memory } from "./queries";

interface Props {
  memory: Memory;
  editing: boolean;
  edit: (editing: boolean) => void;
  /** In a list, whether Tab leads to it; undefined where it stands alone. */
  reached?: boolean;
  /** For choosing several. */
  selected?: boolean | undefined;
  select?: ((selected: boolean) => void) | undefined;
}

/** One memory: what it says, since when, how much it matters, and where it comes from. */
export function MemoryCard({ memory, editing, edit, reached, selected, select }: Props) {
  const { t } = useTranslation();
  return (
    <article
      aria-label={memory.text}
      data-memory={memory.id}
      tabIndex={reached === undefined ? undefined : reached ? 0 : -1}
      className={classes(
        "rounded-card border bg-raised p-4 -outline-offset-2",
        selected ? "border-kelp" : "border-line",
      )}
    >
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
            {select && (
              <label className="-my-1 -ms-1 grid size-7 shrink-0 place-items-center pointer-coarse:size-9">
                <input
                  type="checkbox"
                  className="size-4.5 accent-kelp"
                  checked={!!selected}
                  aria-label={t("memories.select", { text: memory.text })}
                  onChange={(event) => select(event.target.checked)}
                />
              </label>
            )}
            <KindMark kind={memory.kind} />
            {memory.pinned && (
              <span className="inline-flex items-center gap-1 font-medium text-kelp">
                <Pin aria-hidden className="size-3.5" />
                {t("memories.pinned")}
              </span>
            )}
            <Importance value={memory.importance} />
            <Validity memory={memory} />
          </div>
          {editing ? (
            <EditMemory memory={memory} close={() => edit(false)} />
          ) : (
            <p
              className={classes(
                "mt-1.5 font-serif text-lg leading-snug break-words whitespace-pre-wrap",
                memory.valid_to && "text-quiet",
              )}
            >
              {memory.text}
            </p>
          )}
        </div>
        {!editing && <MemoryMenu memory={memory} edit={() => edit(true)} />}
      </div>
      {memory.tags.length > 0 && !editing && (
        <p className="mt-2 flex flex-wrap gap-1.5">
          {memory.tags.map((tag) => (
            <Chip key={tag}>{tag}</Chip>
          ))}
        </p>
      )}
      <Conflicts memory={memory} />
      <Quoted memory={memory} />
      <Foot memory={memory} alone={reached === undefined} />
    </article>
  );
}

/** Whose it is, when it was learned and last used. */
function Foot({ memory, alone }: { memory: Memory; alone: boolean }) {
  const { t } = useTranslation();
  const { data: assistants } = useQuery(assistantsQuery);
  const { data: projects } = useQuery(projectsQuery);
  const assistant = assistants?.assistants.find(({ slug }) => slug === memory.assistant);
  const project = projects?.projects.find(({ slug }) => slug === memory.project);
  return (
    <p className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
      {assistant && (
        <span className="inline-flex items-center gap-1.5">
          <Avatar
            name={assistant.name}
            avatar={assistant.avatar}
            className="size-5 !text-[0.65rem]"
          />
          {assistant.name}
        </span>
      )}
      {project && (
        <span className="inline-flex items-center gap-1">
          <Folder aria-hidden className="size-3.5" />
          {project.name}
        </span>
      )}
      <span>
        {t("memories.learned")} <Time at={memory.created_at} />
      </span>
      <span>
        {memory.last_used_at ? (
          <>
            {t("memories.lastUsed")} <Time at={memory.last_used_at} />
          </>
        ) : (
          t("memories.neverUsed")
        )}
      </span>
      {!alone && (
        <Link to="/memories/$memory" params={{ memory: memory.id }} className="py-1">
          {t("memories.everything")}
        </Link>
      )}
    </p>
  );
}
