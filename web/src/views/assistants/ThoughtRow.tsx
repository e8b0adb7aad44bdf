import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Chip } from "~/parts/Chip";
import { Time } from "~/parts/Time";

/** One thought: when, of what kind, where it came up and what it led to. */
export function ThoughtRow({
  thought,
  alone = false,
}: {
  thought: Shapes["ThoughtOut"];
  /** Beside its memory: it needs no link to it. */
  alone?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <li className="border-s-2 border-line py-2 ps-4">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
        <Time at={thought.at} />
        <Chip>
          {thought.kind === "note" || thought.kind === "reasoning"
            ? t(`assistants.thoughtKind.${thought.kind}`)
            : thought.kind}
        </Chip>
        {thought.session_id && (
          <Link
            to="/c/$session"
            params={{ session: thought.session_id }}
            search={{ turn: thought.turn_id ?? undefined } as never}
            className="py-1"
          >
            {t("assistants.where")}
          </Link>
        )}
        {thought.memory_id && !alone && (
          <Link to="/memories/$memory" params={{ memory: thought.memory_id }} className="py-1">
            {t("assistants.ledTo")}
          </Link>
        )}
      </p>
      <p className="mt-1 break-words whitespace-pre-wrap">{thought.text}</p>
    </li>
  );
}
