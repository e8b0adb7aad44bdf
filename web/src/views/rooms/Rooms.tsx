/** The rooms one is in. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, UsersRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Avatar } from "~/parts/Avatar";
import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";
import { Time } from "~/parts/Time";
import { Trouble } from "~/parts/Trouble";

import { NewRoom } from "./NewRoom";
import { roomsQuery } from "./queries";

export function Rooms() {
  const { t } = useTranslation();
  const found = useQuery(roomsQuery);
  const [making, setMaking] = useState(false);
  const rooms = found.data?.rooms ?? [];
  return (
    <Page
      title={t("rooms.title")}
      actions={
        <Button onClick={() => setMaking(true)}>
          <Plus aria-hidden className="size-4" />
          {t("rooms.make")}
        </Button>
      }
    >
      {found.isError && <Trouble error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && !rooms.length && (
        <Empty icon={<UsersRound aria-hidden />} title={t("rooms.none")}>
          <p>{t("rooms.noneAbout")}</p>
        </Empty>
      )}
      <ul className="mx-auto grid max-w-5xl gap-3 p-4 sm:grid-cols-2 sm:p-6">
        {rooms.map((room) => (
          <li key={room.id}>
            <Link
              to="/rooms/$room"
              params={{ room: room.id }}
              className="flex items-center gap-3 rounded-card border border-line bg-raised p-4 text-ink no-underline hover:border-kelp hover:bg-kelp-wash"
            >
              <Avatar name={room.name} className="size-10" />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-serif text-lg font-semibold">{room.name}</span>
                <span className="text-xs text-quiet">
                  {t("rooms.since")} <Time at={room.created_at} />
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <NewRoom open={making} close={() => setMaking(false)} />
    </Page>
  );
}
