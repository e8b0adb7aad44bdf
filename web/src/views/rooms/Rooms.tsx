/** The rooms one is in. */
import { useQuery } from "@tanstack/react-query";
import { Plus, UsersRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { HeadButton } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";

import { NewRoom } from "./NewRoom";
import { roomsQuery } from "./queries";
import { RoomCard } from "./RoomCard";
import { readSeen } from "./seen";

export function Rooms() {
  const { t } = useTranslation();
  const found = useQuery(roomsQuery);
  const { data: seen } = useQuery({ queryKey: ["rooms", "seen"], queryFn: readSeen, staleTime: 0 });
  const [making, setMaking] = useState(false);
  const rooms = found.data?.rooms ?? [];
  return (
    <Page
      title={t("rooms.title")}
      actions={
        <HeadButton icon={<Plus aria-hidden />} onClick={() => setMaking(true)}>
          {t("rooms.make")}
        </HeadButton>
      }
    >
      {found.isError && <Trouble error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && !rooms.length && (
        <Empty icon={<UsersRound aria-hidden />} title={t("rooms.none")}>
          <p>{t("rooms.noneAbout")}</p>
        </Empty>
      )}
      <ul className="grid grid-cols-1 gap-3 p-4 sm:grid-cols-2 sm:p-6 xl:grid-cols-3">
        {rooms.map((room) => (
          <li key={room.id}>
            <RoomCard room={room} seen={seen?.[room.id]} />
          </li>
        ))}
      </ul>
      <NewRoom open={making} close={() => setMaking(false)} />
    </Page>
  );
}
