import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { answer, api } from "~/api/client";
import { sentence } from "~/api/failures";
import { projectsQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Layer } from "~/parts/Layer";
import { slugOf } from "~/views/sessions/slugs";

interface Known {
  slug: string;
  name: string;
}

/** Make a project, or call one otherwise. */
export function EditProject({
  open,
  close,
  project,
}: {
  open: boolean;
  close: () => void;
  project?: Known;
}) {
  const { t } = useTranslation();
  return (
    <Layer open={open} close={close} title={t(project ? "projects.edit" : "projects.add")}>
      <Form close={close} {...(project ? { project } : {})} />
    </Layer>
  );
}

function Form({ close, project }: { close: () => void; project?: Known }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState(project?.name ?? "");
  const [wrong, setWrong] = useState<string>();

  async function save(event: FormEvent) {
    event.preventDefault();
    const slug = project?.slug ?? slugOf(name);
    try {
      await answer(
        api.PUT("/api/projects/{slug}", {
          params: { path: { slug } },
          body: { name: name.trim() },
        }),
      );
      await client.invalidateQueries(projectsQuery);
      close();
    } catch (error) {
      setWrong(sentence(error, t));
    }
  }

  return (
    <form onSubmit={(event) => void save(event)} className="space-y-4 pt-2">
      <Field
        label={t("projects.name")}
        required
        maxLength={100}
        value={name}
        wrong={wrong}
        onChange={(event) => setName(event.target.value)}
      />
      <div className="flex justify-end gap-2">
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit">
          {t("projects.save")}
        </Button>
      </div>
    </form>
  );
}
