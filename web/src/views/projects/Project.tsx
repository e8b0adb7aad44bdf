/** One project: a place to begin a conversation in it, its conversations, and what is remembered of it alone. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Folder, Pencil, Search, SendHorizontal } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { projectsQuery } from "~/api/queries";
import { Button, HeadButton, IconButton } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Lost } from "~/shell/Lost";
import { keepDraft, readDraft } from "~/state/drafts";
import { MemoryList } from "~/views/memories/MemoryList";
import { SessionList } from "~/views/sessions/SessionList";
import { Tabs } from "~/views/sessions/Tabs";

import { EditProject } from "./EditProject";

export function Project({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const found = useQuery(projectsQuery);
  const [editing, setEditing] = useState(false);
  const project = found.data?.projects.find((one) => one.slug === slug);
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isSuccess && !project) return <Lost />;
  if (!project) return <Page title="">{null}</Page>;
  return (
    <Page
      title={project.name}
      lead={<Folder aria-hidden className="size-6 text-kelp" />}
      actions={
        <>
          <IconButton name={t("projects.edit")} onClick={() => setEditing(true)}>
            <Pencil />
          </IconButton>
          <HeadButton
            icon={<Search aria-hidden />}
            onClick={() => void go({ to: "/find", search: { project: slug } as never })}
          >
            {t("projects.find")}
          </HeadButton>
        </>
      }
    >
      <div className="flex h-full flex-col">
        <Begin slug={slug} name={project.name} />
        <Tabs
          name={project.name}
          tabs={[
            { id: "sessions", label: t("sessions.title"), body: <SessionList project={slug} /> },
            { id: "memories", label: t("projects.memories"), body: <MemoryList project={slug} /> },
          ]}
        />
      </div>
      <EditProject open={editing} close={() => setEditing(false)} project={project} />
    </Page>
  );
}

/** The first words of a new conversation in the project; they are said where it is shown. */
function Begin({ slug, name }: { slug: string; name: string }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const [text, setText] = useState("");
  const draft = `project.${slug}`;
  useEffect(
    () => void readDraft<string>(draft).then((kept) => setText((now) => now || (kept ?? ""))),
    [draft],
  );

  async function begin(event: FormEvent) {
    event.preventDefault();
    if (!text.trim()) return;
    await go({ to: "/c/$session", params: { session: "new" }, search: { project: slug } as never });
    await keepDraft(draft, null);
    const [{ begin: say }, { newKey }] = await Promise.all([
      import("~/views/conversation/live/begin"),
      import("~/views/conversation/live/live"),
    ]);
    await say({
      key: newKey(),
      text,
      speech: null,
      edits: null,
      answers: null,
      at: Date.now(),
      begin: { assistant: null, project: slug, temporary: false },
    });
  }

  return (
    <form
      onSubmit={(event) => void begin(event)}
      className="flex items-end gap-2 px-4 py-4 sm:px-6"
    >
      <Field
        label={t("projects.begin", { name })}
        hidden
        placeholder={t("projects.begin", { name })}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          void keepDraft(draft, event.target.value);
        }}
        className="flex-1"
      />
      <Button tone="main" type="submit" aria-label={t("projects.send")} disabled={!text.trim()}>
        <SendHorizontal aria-hidden className="size-4 rtl:-scale-x-100" />
      </Button>
    </form>
  );
}
