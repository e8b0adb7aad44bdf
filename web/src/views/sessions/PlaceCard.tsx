import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Time } from "~/parts/Time";
import { count } from "~/state/times";

interface PlaceCardProps {
  to: "/assistants/$slug" | "/projects/$slug";
  slug: string;
  name: string;
  lead: ReactNode;
  about: string;
  sessions: number;
  memories: number;
  last: string | null;
}

/** An assistant or a project in a list. */
export function PlaceCard({
  to,
  slug,
  name,
  lead,
  about,
  sessions,
  memories,
  last,
}: PlaceCardProps) {
  const { t } = useTranslation();
  return (
    <Link
      to={to}
      params={{ slug }}
      className="flex h-full items-start gap-3 rounded-card border border-line bg-raised p-4 text-ink no-underline transition-colors hover:border-kelp hover:bg-kelp-wash"
    >
      {lead}
      <span className="min-w-0 flex-1">
        <span className="block truncate font-serif text-lg font-semibold">{name}</span>
        {about && <span className="line-clamp-2 text-sm text-quiet">{about}</span>}
        <span className="mt-2 flex flex-wrap gap-x-3 text-xs text-quiet">
          <span>{t("sessions.conversations", { count: sessions, shown: count(sessions) })}</span>
          <span>{t("sessions.memories", { count: memories, shown: count(memories) })}</span>
          {last && <Time at={last} />}
        </span>
      </span>
    </Link>
  );
}
