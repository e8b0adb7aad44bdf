import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { assistantsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Layer } from "~/parts/Layer";
import { slugOf } from "~/views/sessions/slugs";

import { saveAssistant } from "./queries";

interface Known {
  slug: string;
  name: string;
  avatar: string | null;
  purpose: string;
}

/** Make an assistant, or say something else of one. */
export function EditAssistant({
  open,
  close,
  assistant,
}: {
  open: boolean;
  close: () => void;
  assistant?: Known;
}) {
  const { t } = useTranslation();
  return (
    <Layer
      open={open}
      close={close}
      title={t(assistant ? "assistants.edit" : "assistants.add")}
      about={t("assistants.addAbout")}
    >
      <Form close={close} {...(assistant ? { assistant } : {})} />
    </Layer>
  );
}

function Form({ close, assistant }: { close: () => void; assistant?: Known }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState(assistant?.name ?? "");
  const [avatar, setAvatar] = useState(assistant?.avatar ?? "");
  const [purpose, setPurpose] = useState(assistant?.purpose ?? "");
  const [wrong, setWrong] = useState<string>();

  async function save(event: FormEvent) {
    event.preventDefault();
    try {
      await saveAssistant(assistant?.slug ?? slugOf(name), { name: name.trim(), avatar, purpose });
      await client.invalidateQueries(assistantsQuery);
      close();
    } catch (error) {
      setWrong(sentence(error, t));
    }
  }

  return (
    <form onSubmit={(event) => void save(event)} className="space-y-4 pt-2">
      <div className="flex items-end gap-3">
        <Avatar name={name || "?"} avatar={avatar} className="size-11 text-lg" />
        <Field
          label={t("assistants.name")}
          required
          maxLength={100}
          value={name}
          wrong={wrong}
          onChange={(event) => setName(event.target.value)}
          className="flex-1"
        />
      </div>
      <Field
        label={t("assistants.avatar")}
        hint={t("assistants.avatarHint")}
        maxLength={16}
        value={avatar}
        onChange={(event) => setAvatar(event.target.value)}
      />
      <Field
        label={t("assistants.purpose")}
        maxLength={500}
        value={purpose}
        onChange={(event) => setPurpose(event.target.value)}
      />
      <div className="flex justify-end gap-2 pt-2">
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit">
          {t("assistants.save")}
        </Button>
      </div>
    </form>
  );
}
