import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Trouble } from "~/parts/Trouble";
import { count, day, size } from "~/state/times";

import { Activity } from "./Activity";
import { Part } from "./Part";
import { activityQuery, profileQuery } from "./queries";

/** What is kept, in numbers. They are those of the export. */
export function Overview() {
  const { t } = useTranslation();
  const profile = useQuery(profileQuery);
  const activity = useQuery(activityQuery);
  if (profile.isError)
    return <Trouble error={profile.error} again={() => void profile.refetch()} />;
  const kept = profile.data;
  if (!kept) return null;
  const facts: [string, string][] = [
    [t("profile.conversations"), count(kept.conversation_count)],
    [t("profile.messages"), count(kept.message_count)],
    [t("profile.memories"), count(kept.memory_count)],
    [t("profile.thoughts"), count(kept.thought_count)],
    [t("profile.files"), count(kept.file_count)],
    [t("profile.storage"), size(kept.storage_bytes)],
    [t("profile.first"), kept.first_message_at ? day(kept.first_message_at) : "–"],
    [t("profile.last"), kept.last_message_at ? day(kept.last_message_at) : "–"],
  ];
  return (
    <>
      <Part title={t("profile.kept")} about={t("profile.keptAbout")}>
        <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
          {facts.map(([name, value]) => (
            <div key={name} className="rounded-card border border-line bg-raised p-3">
              <dt className="text-xs text-quiet">{name}</dt>
              <dd className="mt-0.5 font-serif text-lg font-semibold whitespace-nowrap sm:text-xl">
                {value}
              </dd>
            </div>
          ))}
        </dl>
      </Part>
      {activity.data && (
        <Part title={t("profile.activity")}>
          <Activity days={activity.data.days} />
        </Part>
      )}
    </>
  );
}
