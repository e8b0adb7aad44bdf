/** Which project conversations are put to: one there is, a new one, or none. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, FolderOpen } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { api } from "~/api/client";
import { sentence } from "~/api/failures";
import { projectsQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Layer } from "~/parts/Layer";
import { notify } from "~/state/notices";

import { useActions } from "../actions";
import type { AskedProps } from "../questions";

export function MoveQuestion({ asked, close, done }: AskedProps) {
  const { t } = useTranslation();
  const actions = useActions();
  const client = useQueryClient();
  const projects = useQuery(projectsQuery).data?.projects ?? [];
  const [name, setName] = useState("");
  const now = asked.session?.project ?? null;
  const count = asked.ids.length;
  const move = (slug: string, shown: string) => {
    void actions.move(asked.ids, slug, shown);
    done();
  };
  /** A project that is new gets its name first; that it fails is told by moving. */
  const begin = async (slug: string) => {
    if (projects.some((project) => project.slug === slug)) return;
    try {
      await api.PUT("/api/projects/{slug}", {
        params: { path: { slug } },
        body: { name: name.trim() },
      });
      await client.invalidateQueries({ queryKey: ["projects"] });
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
  };
  return (
    <Layer
      open
      close={close}
      title={
        asked.session
          ? t("history.ask.moveOne", { title: asked.session.title || t("history.untitled") })
          : t("history.ask.move", { count })
      }
      about={t("history.ask.moveAbout")}
    >
      <ul className="space-y-0.5">
        {projects.map((project) => (
          <li key={project.slug}>
            <Choice
              name={project.name}
              chosen={project.slug === now}
              run={() => move(project.slug, project.name)}
            />
          </li>
        ))}
        {(now !== null || !asked.session) && (
          <li>
            <Choice name={t("history.ask.noProject")} run={() => move("", "")} />
          </li>
        )}
      </ul>
      <form
        className="mt-4 flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          const slug = slugOf(name);
          if (slug) void begin(slug).then(() => move(slug, name.trim()));
        }}
      >
        <Field
          className="flex-1"
          label={t("history.ask.newProject")}
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" tone="main" disabled={!slugOf(name)}>
          {t("history.move")}
        </Button>
      </form>
    </Layer>
  );
}

function Choice({ name, chosen, run }: { name: string; chosen?: boolean; run: () => void }) {
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={run}
      className="flex min-h-10 w-full items-center gap-3 rounded-lg px-2 text-start text-sm hover:bg-kelp-wash pointer-coarse:min-h-11 [&_svg]:size-4 [&_svg]:text-kelp"
    >
      <FolderOpen aria-hidden />
      <bdi className="min-w-0 flex-1 truncate">{name}</bdi>
      {chosen && <Check aria-hidden />}
    </button>
  );
}

/** What a project is called in an address. */
export const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
