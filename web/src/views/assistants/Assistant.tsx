/** One assistant: what it is for, its conversations, what it remembers, what it thought. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { MessageSquarePlus, Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { assistantsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { HeadButton, IconButton } from "~/parts/Button";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Lost } from "~/shell/Lost";
import { MemoryList } from "~/views/memories/MemoryList";
import { SessionList } from "~/views/sessions/SessionList";
import { Tabs } from "~/views/sessions/Tabs";

import { EditAssistant } from "./EditAssistant";
import { Thoughts } from "./Thoughts";

export function Assistant({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const found = useQuery(assistantsQuery);
  const [editing, setEditing] = useState(false);
  const assistant = found.data?.assistants.find((one) => one.slug === slug);
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isSuccess && !assistant) return <Lost />;
  if (!assistant) return <Page title="">{null}</Page>;
  return (
    <Page
      title={assistant.name}
      lead={<Avatar name={assistant.name} avatar={assistant.avatar} className="size-9" />}
      actions={
        <>
          <IconButton name={t("assistants.edit")} onClick={() => setEditing(true)}>
            <Pencil />
          </IconButton>
          <HeadButton
            tone="main"
            icon={<MessageSquarePlus aria-hidden />}
            onClick={() =>
              void go({
                to: "/c/$session",
                params: { session: "new" },
                search: { assistant: slug } as never,
              })
            }
          >
            {t("assistants.talk")}
          </HeadButton>
        </>
      }
    >
      <div className="flex h-full flex-col">
        {assistant.purpose && (
          <p className="px-4 pt-4 pb-2 text-sm text-quiet sm:px-6">{assistant.purpose}</p>
        )}
        <Tabs
          name={assistant.name}
          tabs={[
            {
              id: "sessions",
              label: t("sessions.title"),
              body: <SessionList assistant={slug} />,
            },
            {
              id: "memories",
              label: t("assistants.memories"),
              body: <MemoryList assistant={slug} />,
            },
            { id: "thoughts", label: t("assistants.thoughts"), body: <Thoughts slug={slug} /> },
          ]}
        />
      </div>
      <EditAssistant open={editing} close={() => setEditing(false)} assistant={assistant} />
    </Page>
  );
}
