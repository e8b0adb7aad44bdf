/** One room: what is said in it, live, and who is there. */
import { useQuery } from "@tanstack/react-query";
import { UsersRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "~/api/failures";
import { assistantsQuery, meQuery } from "~/api/queries";
import type { Shapes } from "~/api/client";
import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";

import { Members } from "./Members";
import { RoomComposer } from "./RoomComposer";
import { RoomTranscript } from "./RoomTranscript";
import { roomQuery } from "./queries";
import { speakersOf } from "./speakers";
import { useRoom } from "./useRoom";

export function Room({ id }: { id: string }) {
  const { t } = useTranslation();
  const found = useQuery(roomQuery(id));
  if (found.error instanceof Failure && found.error.status === 404) return <NoRoom />;
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Page title={t("rooms.title")}>{null}</Page>;
  return <Inside key={found.data.session_id} room={found.data} />;
}

function NoRoom() {
  const { t } = useTranslation();
  return (
    <Page title={t("rooms.title")}>
      <Empty icon={<UsersRound aria-hidden />} title={t("rooms.gone")}>
        <p>{t("rooms.goneAbout")}</p>
      </Empty>
    </Page>
  );
}

function Inside({ room }: { room: Shapes["RoomDetailOut"] }) {
  const { t } = useTranslation();
  const { data: me } = useQuery(meQuery);
  const { data: assistants } = useQuery(assistantsQuery);
  const live = useRoom(room.id, room.session_id);
  const [members, setMembers] = useState(false);
  const mine = me?.user ?? "";
  const pictures = assistants?.assistants ?? [];
  const speakers = speakersOf(room.members, pictures, t("rooms.nobody"));
  if (live.state === "gone") return <NoRoom />;
  return (
    <Page
      title={room.name}
      actions={
        <Button onClick={() => setMembers(true)} aria-haspopup="dialog" className="shrink-0">
          <UsersRound aria-hidden className="size-4" />
          <span className="max-sm:sr-only">
            {t("rooms.members", { count: room.members.length })}
          </span>
          {live.present.length > 0 && (
            <span className="inline-flex items-center gap-1.5 font-normal text-quiet">
              <span aria-hidden className="size-2 rounded-full bg-kelp" />
              {t("rooms.present", { count: live.present.length })}
            </span>
          )}
        </Button>
      }
    >
      <div className="flex h-full flex-col">
        <RoomTranscript room={room} live={live} me={mine} speakers={speakers} />
        <RoomComposer room={room} live={live} me={mine} pictures={pictures} />
      </div>
      <Members
        open={members}
        close={() => setMembers(false)}
        room={room}
        me={mine}
        present={live.present}
        pictures={pictures}
      />
    </Page>
  );
}
