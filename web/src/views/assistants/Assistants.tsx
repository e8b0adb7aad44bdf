/** All assistants: who they are, what for, and how much was said to them. */
import { useQuery } from "@tanstack/react-query";
import { Bot, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { assistantsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { HeadButton } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";
import { PlaceCard } from "~/views/sessions/PlaceCard";
import { Trouble } from "~/parts/Trouble";

import { EditAssistant } from "./EditAssistant";

export function Assistants() {
  const { t } = useTranslation();
  const found = useQuery(assistantsQuery);
  const [adding, setAdding] = useState(false);
  const assistants = found.data?.assistants ?? [];
  return (
    <Page
      title={t("assistants.title")}
      actions={
        <HeadButton icon={<Plus aria-hidden />} onClick={() => setAdding(true)}>
          {t("assistants.add")}
        </HeadButton>
      }
    >
      {found.isError && <Trouble error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && !assistants.length && (
        <Empty icon={<Bot aria-hidden />} title={t("assistants.none")}>
          <p>{t("assistants.noneAbout")}</p>
        </Empty>
      )}
      <ul className="grid grid-cols-1 gap-3 p-4 sm:grid-cols-2 sm:p-6 xl:grid-cols-3">
        {assistants.map((one) => (
          <li key={one.slug}>
            <PlaceCard
              to="/assistants/$slug"
              slug={one.slug}
              name={one.name}
              lead={<Avatar name={one.name} avatar={one.avatar} className="size-11 text-lg" />}
              about={one.purpose}
              sessions={one.sessions}
              memories={one.memories}
              last={one.last_message_at}
            />
          </li>
        ))}
      </ul>
      <EditAssistant open={adding} close={() => setAdding(false)} />
    </Page>
  );
}
