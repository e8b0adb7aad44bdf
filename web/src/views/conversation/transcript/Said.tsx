import { Copy, Link2, Pencil, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";
import { Menu, MenuItem, MenuLine, More } from "~/parts/Menu";
import { notify } from "~/state/notices";

import type { Message } from "../types";
import { AudioPlayer, FileChip } from "./Attached";
import { useDoing } from "./doing";
import { EditSaid } from "./EditSaid";
import { Stamp } from "./Stamp";
import type { Talk } from "./store";
import type { Versions as Shown } from "./tree";
import { Versions } from "./Versions";
import { LongWords } from "./Words";

const SHAPE = "max-w-[min(100%,38rem)] min-w-0 rounded-2xl rounded-ee-md px-4 py-2.5";
export const BUBBLE = { day: `${SHAPE} bg-kelp-wash`, dusk: `${SHAPE} bg-raised` };

/** What a person said: as they wrote it, spoken with its words, or a file. */
export function Said({
  talk,
  messages,
  versions,
  me,
}: {
  talk: Talk;
  messages: readonly Message[];
  versions: Shown | null;
  me: string;
}) {
  const { t } = useTranslation();
  const doing = useDoing();
  const written = messages.find((one) => one.text) ?? messages[0];
  if (!written) return null;
  const first = messages[0] ?? written;
  const author = first.role === "system" ? t("chat.system") : first.author;
  const mine = first.role === "user" && (!author || author === me);
  const gone = talk.outline?.forgotten.includes(first.seq) ?? false;
  const marks = messages.some((one) => one.id === doing.marks?.message) ? doing.marks : null;
  if (gone && !messages.some((one) => one.text || one.file))
    return <p className="py-2 text-center text-sm text-quiet italic">{t("chat.forgotten")}</p>;
  if (doing.editing === written.id) return <EditSaid message={written} />;
  return (
    <article className="group flex flex-col items-end py-2" data-message={first.id}>
      <h2 className="sr-only">
        {mine ? t("chat.youSaid") : t("chat.theySaid", { name: author ?? "" })}
      </h2>
      {!mine && <p className="mb-0.5 text-xs font-medium text-quiet">{author}</p>}
      <div className={BUBBLE[doing.temporary ? "dusk" : "day"]}>
        {messages.map((one) =>
          one.kind === "audio" ? (
            <AudioPlayer key={one.id} session={talk.id} message={one} />
          ) : one.kind === "file" ? (
            <FileChip key={one.id} session={talk.id} message={one} />
          ) : null,
        )}
        {messages.map(
          (one) =>
            one.text && (
              <LongWords key={one.id} talk={talk} message={one} words={marks?.words ?? ""} said />
            ),
        )}
        {messages.some((one) => one.kind === "audio") && !messages.some((one) => one.text) && (
          <p className="text-sm text-quiet italic">{t("chat.noTranscript")}</p>
        )}
      </div>
      <div className="flex min-h-8 items-center gap-1 text-quiet">
        {versions && <Versions versions={versions} />}
        <Stamp at={first.at} />
        <SaidMenu message={written} mine={mine && first.role === "user"} />
      </div>
    </article>
  );
}

function SaidMenu({ message, mine }: { message: Message; mine: boolean }) {
  const { t } = useTranslation();
  const doing = useDoing();
  const copy = async () => {
    await navigator.clipboard.writeText(message.text);
    notify(t("chat.copied"));
  };
  return (
    <>
      {mine && doing.writable && message.kind === "text" && (
        <IconButton
          name={t("chat.edit")}
          className="!size-8 !text-quiet hover:!text-ink pointer-coarse:!size-11"
          onClick={() => doing.setEditing(message.id)}
        >
          <Pencil />
        </IconButton>
      )}
      <Menu trigger={<More name={t("chat.messageMenu")} />}>
        <MenuItem icon={<Copy />} run={() => void copy()}>
          {t("chat.copy")}
        </MenuItem>
        {!doing.temporary && (
          <>
            <MenuItem icon={<Link2 />} run={() => doing.copyLink(message.id)}>
              {t("chat.copyLink")}
            </MenuItem>
            <MenuLine />
            <MenuItem icon={<Trash2 />} danger run={() => doing.forget(message)}>
              {t("chat.forgetMessage")}
            </MenuItem>
          </>
        )}
      </Menu>
    </>
  );
}
