import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { MoreHorizontal } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { sentence } from "~/api/failures";
import { assistantsQuery } from "~/api/queries";
import { saveJson } from "~/api/saving";
import { Avatar } from "~/parts/Avatar";
import { Button, IconButton } from "~/parts/Button";
import { Field, INPUT } from "~/parts/Field";
import { Layer, Question } from "~/parts/Layer";
import { Menu, MenuItem } from "~/parts/Menu";
import { notify } from "~/state/notices";

import { avatarOf } from "./speakers";
import { addMember, eraseRoom, leaveRoom, removeMember, renameRoom, roomsQuery } from "./queries";

interface Props {
  open: boolean;
  close: () => void;
  room: Shapes["RoomDetailOut"];
  me: string;
  present: readonly string[];
  pictures: readonly Shapes["AssistantOut"][];
}

/** Who is in the room, and what owners may do with it. */
export function Members({ open, close, room, me, present, pictures }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const go = useNavigate();
  const [asking, setAsking] = useState<"leave" | "erase" | null>(null);
  const [typed, setTyped] = useState("");
  const owner = room.members.some((one) => one.user_id === me && one.role === "owner");

  async function run(work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
      return false;
    } finally {
      await client.invalidateQueries({ queryKey: ["rooms"] });
    }
  }

  async function end(work: Promise<Shapes["RoomReceiptOut"]>, said: string) {
    setAsking(null);
    close();
    let receipt: Shapes["ReceiptOut"] | null;
    try {
      ({ receipt } = await work);
    } catch (error) {
      return void notify(sentence(error, t), { tone: "failed" });
    }
    // Away first: what is not there any more is not to be asked for again.
    client.setQueryData(
      roomsQuery.queryKey,
      (known) => known && { ...known, rooms: known.rooms.filter(({ id }) => id !== room.id) },
    );
    await go({ to: "/rooms" });
    const keep = () => saveJson(receipt, "holdfast-receipt.json");
    notify(
      said,
      receipt ? { act: { label: t("rooms.saveReceipt"), run: keep }, stays: 20_000 } : {},
    );
    await client.invalidateQueries({ queryKey: ["rooms"] });
  }

  return (
    <>
      <Layer open={open} close={close} title={room.name} about={t("rooms.membersAbout")}>
        <p className="mb-2 text-sm text-quiet">{t(`rooms.historyIs.${room.history}`)}</p>
        <ul className="divide-y divide-line">
          {room.members.map((one) => (
            <li key={`${one.kind} ${one.user_id}`} className="flex items-center gap-3 py-2">
              <Avatar name={one.name} avatar={avatarOf(one, pictures)} />
              <span className="min-w-0 flex-1">
                <span className="block truncate text-sm font-medium">{one.name}</span>
                <span className="text-xs text-quiet">
                  {one.kind === "assistant"
                    ? t("rooms.kind.assistant")
                    : t(`rooms.role.${one.role}`)}
                  {present.includes(one.user_id) && ` · ${t("rooms.here")}`}
                </span>
              </span>
              {owner && one.user_id !== me && (
                <Menu
                  trigger={
                    <IconButton name={t("rooms.actions", { name: one.name })}>
                      <MoreHorizontal />
                    </IconButton>
                  }
                >
                  {one.kind === "person" && one.role === "member" && (
                    <MenuItem
                      run={() =>
                        void run(addMember(room.id, { user_id: one.user_id, role: "owner" }))
                      }
                    >
                      {t("rooms.makeOwner")}
                    </MenuItem>
                  )}
                  <MenuItem danger run={() => void run(removeMember(room.id, one.user_id))}>
                    {t("rooms.remove")}
                  </MenuItem>
                </Menu>
              )}
            </li>
          ))}
        </ul>
        {owner && <Owners room={room} run={run} />}
        <div className="mt-6 flex flex-wrap gap-2">
          <Button onClick={() => setAsking("leave")}>{t("rooms.leave")}</Button>
          {owner && (
            <Button tone="danger" onClick={() => setAsking("erase")}>
              {t("rooms.erase")}
            </Button>
          )}
        </div>
      </Layer>
      <Question
        open={asking === "leave"}
        close={() => setAsking(null)}
        title={t("rooms.leaveSure", { name: room.name })}
        about={t("rooms.leaveAbout")}
        confirm={t("rooms.leave")}
        run={() => void end(leaveRoom(room.id), t("rooms.left", { name: room.name }))}
      />
      <Question
        open={asking === "erase"}
        close={() => setAsking(null)}
        title={t("rooms.eraseSure", { name: room.name })}
        about={t("rooms.eraseAbout")}
        confirm={t("rooms.erase")}
        danger
        ready={typed.trim() === room.name}
        run={() => void end(eraseRoom(room.id), t("rooms.erased", { name: room.name }))}
      >
        <Field
          label={t("rooms.eraseType", { name: room.name })}
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      </Question>
    </>
  );
}

/** Names, people and assistants: for owners alone. */
function Owners({
  room,
  run,
}: {
  room: Shapes["RoomDetailOut"];
  run: (work: Promise<unknown>) => Promise<boolean>;
}) {
  const { t } = useTranslation();
  const { data } = useQuery(assistantsQuery);
  const [person, setPerson] = useState("");
  const [name, setName] = useState(room.name);
  const known = new Set(
    room.members.filter(({ kind }) => kind === "assistant").map((one) => one.user_id),
  );
  const more = data?.assistants.filter(({ slug }) => !known.has(slug)) ?? [];

  const submit = (work: () => Promise<unknown>, then: () => void) => (event: FormEvent) => {
    event.preventDefault();
    void run(work()).then((done) => done && then());
  };

  return (
    <div className="mt-4 space-y-4">
      <form
        className="flex items-end gap-2"
        onSubmit={submit(
          () => addMember(room.id, { user_id: person.trim(), role: "member" }),
          () => setPerson(""),
        )}
      >
        <Field
          className="flex-1"
          label={t("rooms.addPerson")}
          required
          value={person}
          onChange={(event) => setPerson(event.target.value)}
        />
        <Button type="submit">{t("rooms.add")}</Button>
      </form>
      {more.length > 0 && (
        <label className="block text-sm font-medium">
          {t("rooms.addAssistant")}
          <select
            value=""
            className={`${INPUT} mt-1 font-normal`}
            onChange={(event) =>
              void run(addMember(room.id, { assistant: event.target.value, role: "member" }))
            }
          >
            <option value="">{t("rooms.choose")}</option>
            {more.map((one) => (
              <option key={one.slug} value={one.slug}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <form
        className="flex items-end gap-2"
        onSubmit={submit(
          () => renameRoom(room.id, name.trim()),
          () => undefined,
        )}
      >
        <Field
          className="flex-1"
          label={t("rooms.name")}
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" disabled={name.trim() === room.name}>
          {t("rooms.rename")}
        </Button>
      </form>
    </div>
  );
}
