import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { assistantsQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Layer } from "~/parts/Layer";

import { makeRoom } from "./queries";

export function NewRoom({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Layer open={open} close={close} title={t("rooms.make")} about={t("rooms.makeAbout")}>
      <Form close={close} />
    </Layer>
  );
}

function Form({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const client = useQueryClient();
  const { data } = useQuery(assistantsQuery);
  const [name, setName] = useState("");
  const [people, setPeople] = useState("");
  const [assistants, setAssistants] = useState<readonly string[]>([]);
  const [history, setHistory] = useState<"all" | "joined">("all");
  const [wrong, setWrong] = useState<string>();

  async function make(event: FormEvent) {
    event.preventDefault();
    const members = people
      .split(/[,\n]/)
      .map((one) => one.trim())
      .filter(Boolean);
    try {
      const room = await makeRoom({
        name: name.trim(),
        members,
        assistants: [...assistants],
        history,
      });
      await client.invalidateQueries({ queryKey: ["rooms"] });
      close();
      await go({ to: "/rooms/$room", params: { room: room.id } });
    } catch (error) {
      setWrong(sentence(error, t));
    }
  }

  return (
    <form onSubmit={(event) => void make(event)} className="space-y-4 pt-2">
      <Field
        label={t("rooms.name")}
        required
        maxLength={200}
        value={name}
        wrong={wrong}
        onChange={(event) => setName(event.target.value)}
      />
      <Field
        label={t("rooms.people")}
        hint={t("rooms.peopleHint")}
        value={people}
        onChange={(event) => setPeople(event.target.value)}
      />
      {!!data?.assistants.length && (
        <fieldset>
          <legend className="mb-1 text-sm font-medium">{t("rooms.assistants")}</legend>
          <div className="flex flex-wrap gap-x-4 gap-y-1">
            {data.assistants.map((one) => (
              <label key={one.slug} className="flex min-h-8 items-center gap-2 text-sm">
                <input
                  type="checkbox"
                  className="size-4 accent-kelp"
                  checked={assistants.includes(one.slug)}
                  onChange={(event) =>
                    setAssistants(
                      event.target.checked
                        ? [...assistants, one.slug]
                        : assistants.filter((slug) => slug !== one.slug),
                    )
                  }
                />
                {one.name}
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <fieldset className="space-y-1">
        <legend className="mb-1 text-sm font-medium">{t("rooms.history")}</legend>
        {(["all", "joined"] as const).map((one) => (
          <label key={one} className="flex min-h-8 items-center gap-2 text-sm">
            <input
              type="radio"
              name="history"
              className="size-4 accent-kelp"
              checked={history === one}
              onChange={() => setHistory(one)}
            />
            {t(`rooms.historyFrom.${one}`)}
          </label>
        ))}
      </fieldset>
      <div className="flex justify-end gap-2 pt-2">
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit">
          {t("rooms.make")}
        </Button>
      </div>
    </form>
  );
}
