import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { MoreHorizontal, Pencil, Pin, PinOff, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { assistantsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { IconButton } from "~/parts/Button";
import { Chip } from "~/parts/Chip";
import { classes } from "~/parts/classes";
import { Menu, MenuItem, MenuLine } from "~/parts/Menu";
import { Time } from "~/parts/Time";

import { EditMemory } from "./EditMemory";
import { Importance } from "./Importance";
import { KindMark } from "./KindMark";
import { Quoted } from "./Quoted";
import { Validity } from "./Validity";
import type { Memory } from "./queries";
import { useHand } from "./useHand";

interface Props {
  memory: Memory;
  /** For choosing several. */
  selected?: boolean | undefined;
  select?: ((selected: boolean) => void) | undefined;
}

/** One memory: what it says, since when, how much it matters, and where it comes from. */
export function MemoryCard({ memory, selected, select }: Props) {
  const { t } = useTranslation();
  const hand = useHand();
  const [editing, setEditing] = useState(false);
  const { data } = useQuery(assistantsQuery);
  const assistant = data?.assistants.find(({ slug }) => slug === memory.assistant);
  return (
    <article
      aria-label={memory.text}
      className={classes(
        "rounded-card border bg-raised p-4",
        selected ? "border-kelp" : "border-line",
        memory.valid_to && "opacity-90",
      )}
    >
      <div className="flex items-start gap-3">
        {select && (
          <label className="-m-1 grid size-7 shrink-0 place-items-center">
            <input
              type="checkbox"
              className="size-4.5 accent-kelp"
              checked={!!selected}
              aria-label={t("memories.select", { text: memory.text })}
              onChange={(event) => select(event.target.checked)}
            />
          </label>
        )}
        <div className="min-w-0 flex-1">
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
            <KindMark kind={memory.kind} />
            {memory.pinned && (
              <span className="inline-flex items-center gap-1 font-medium text-kelp">
                <Pin aria-hidden className="size-3.5" />
                {t("memories.pinned")}
              </span>
            )}
            <Importance value={memory.importance} />
            <Validity memory={memory} />
          </p>
          {editing ? (
            <EditMemory memory={memory} close={() => setEditing(false)} />
          ) : (
            <p className="mt-1.5 font-serif text-lg leading-snug break-words whitespace-pre-wrap">
              {memory.text}
            </p>
          )}
        </div>
        {!editing && (
          <Menu
            trigger={
              <IconButton
                name={t("memories.actions", { text: memory.text })}
                className="-me-2 -mt-1"
              >
                <MoreHorizontal />
              </IconButton>
            }
          >
            <MenuItem icon={<Pencil />} run={() => setEditing(true)}>
              {t("memories.edit")}
            </MenuItem>
            <MenuItem icon={memory.pinned ? <PinOff /> : <Pin />} run={() => void hand.pin(memory)}>
              {t(memory.pinned ? "memories.unpin" : "memories.pin")}
            </MenuItem>
            {memory.corrected && (
              <MenuItem icon={<Undo2 />} run={() => void hand.undo(memory)}>
                {t("memories.takeBack")}
              </MenuItem>
            )}
            <MenuLine />
            <MenuItem danger icon={<Trash2 />} run={() => void hand.forget(memory)}>
              {t("memories.forget")}
            </MenuItem>
          </Menu>
        )}
      </div>
      {memory.tags.length > 0 && !editing && (
        <p className="mt-2 flex flex-wrap gap-1.5">
          {memory.tags.map((tag) => (
            <Chip key={tag}>{tag}</Chip>
          ))}
        </p>
      )}
      {!!memory.conflicts?.length && <Conflicts ids={memory.conflicts} />}
      <Quoted memory={memory} />
      <p className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
        {assistant && (
          <span className="inline-flex items-center gap-1.5">
            <Avatar
              name={assistant.name}
              avatar={assistant.avatar}
              className="size-5 text-[0.65rem]"
            />
            {assistant.name}
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
        <Link to="/memories/$memory" params={{ memory: memory.id }} className="py-0.5">
          {t("memories.everything")}
        </Link>
      </p>
    </article>
  );
}

function Conflicts({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation();
  return (
    <p className="mt-3 flex flex-wrap gap-x-2 rounded-lg bg-amber px-3 py-2 text-sm text-amber-ink">
      {t("memories.conflict", { count: ids.length })}
      {ids.map((id, place) => (
        <Link key={id} to="/memories/$memory" params={{ memory: id }} className="text-amber-ink">
          {t("memories.other", { place: place + 1 })}
        </Link>
      ))}
    </p>
  );
}
