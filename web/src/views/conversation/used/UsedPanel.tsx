/** What an answer was made of: each piece with its source, to be set right or forgotten from here. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { answer, api } from "~/api/client";
import { ME } from "~/api/queries";
import { Layer } from "~/parts/Layer";
import { Trouble } from "~/parts/Trouble";

import type { Turn } from "../types";
import { UsedPiece } from "./UsedPiece";

export default function UsedPanel({
  session,
  turn,
  close,
}: {
  session: string;
  turn: Turn;
  close: () => void;
}) {
  const { t } = useTranslation();
  const path = { user_id: ME, session_id: session, turn_id: turn.id };
  const { data, error, refetch } = useQuery({
    queryKey: ["conversation", session, "used", turn.id],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/conversations/{user_id}/{session_id}/turns/{turn_id}/used", {
          params: { path },
          signal,
        }),
      ),
  });
  return (
    <Layer open close={close} title={t("chat.usedTitle")} about={t("chat.usedAbout")}>
      {error && <Trouble error={error} again={() => void refetch()} />}
      {data && (
        <ul className="space-y-3">
          {data.used.map((piece, n) => (
            <UsedPiece
              key={piece.memory?.id ?? piece.message?.id ?? `gone${n}`}
              piece={piece}
              changed={() => void refetch()}
              close={close}
            />
          ))}
        </ul>
      )}
    </Layer>
  );
}
