import { useId, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import type { Shapes } from "~/api/client";
import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { Question } from "~/parts/Layer";
import { Time } from "~/parts/Time";
import { notify } from "~/state/notices";

import { aboutMemories, forgetAll } from "./queries";
import { useHand } from "./useHand";

type Found = Shapes["AboutOut"];

/** "Forget what I said about ...": finds and lists, then removes what is ticked. */
export function ForgetAbout() {
  const { t } = useTranslation();
  const id = useId();
  const hand = useHand();
  const [about, setAbout] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);

  async function look(event: FormEvent) {
    event.preventDefault();
    try {
      const now = await aboutMemories(about.trim());
      setFound(now);
      setTicked(new Set());
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
  }

  async function forget() {
    setAsking(false);
    const memories = found!.memories.filter((one) => ticked.has(one.id)).map((one) => one.id);
    const messages = found!.messages.filter((one) => ticked.has(one.id)).map((one) => one.id);
    await hand.run(async () => {
      const gone = await forgetAll(memories, messages);
      notify(t("memories.wentAll", { messages: gone.messages, memories: gone.memories }));
    });
    setFound(null);
  }

  const tick = (one: string) => {
    const next = new Set(ticked);
    if (!next.delete(one)) next.add(one);
    setTicked(next);
  };
  const nothing = found && !found.memories.length && !found.messages.length;
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="text-lg font-semibold">
        {t("memories.forgetTitle")}
      </h2>
      <p className="mt-1 text-sm text-quiet">{t("memories.forgetAbout")}</p>
      <form onSubmit={(event) => void look(event)} className="mt-3 flex items-end gap-2">
        <Field
          className="flex-1"
          label={t("memories.forgetWhat")}
          required
          value={about}
          onChange={(event) => setAbout(event.target.value)}
        />
        <Button type="submit">{t("memories.forgetLook")}</Button>
      </form>
      <div role="status">
        {nothing && <p className="mt-4 text-sm">{t("memories.forgetNothing")}</p>}
      </div>
      {found && !nothing && (
        <>
          <ul className="mt-4 divide-y divide-line rounded-card border border-line bg-raised">
            {[
              ...found.memories.map((one) => ({
                ...one,
                at: one.created_at,
                what: "memory" as const,
              })),
              ...found.messages.map((one) => ({ ...one, what: "message" as const })),
            ].map((one) => (
              <li key={one.id}>
                <label className="flex items-start gap-3 px-4 py-2.5 text-sm">
                  <input
                    type="checkbox"
                    className="mt-0.5 size-4.5 accent-kelp"
                    checked={ticked.has(one.id)}
                    onChange={() => tick(one.id)}
                  />
                  <span className="min-w-0 flex-1 break-words">
                    <span className="block">{[...one.text].slice(0, 300).join("")}</span>
                    <span className="text-xs text-quiet">
                      {t(`memories.what.${one.what}`)} · <Time at={one.at} />
                    </span>
                  </span>
                </label>
              </li>
            ))}
          </ul>
          {found.resting.length > 0 && (
            <p className="mt-2 text-sm text-quiet">
              {t("memories.resting", { count: found.resting.length })}
            </p>
          )}
          <Button
            tone="danger"
            className="mt-4"
            disabled={!ticked.size}
            onClick={() => setAsking(true)}
          >
            {t("memories.forgetTicked", { count: ticked.size })}
          </Button>
        </>
      )}
      <Question
        open={asking}
        close={() => setAsking(false)}
        title={t("memories.forgetSure", { count: ticked.size })}
        about={t("memories.forgetSureAbout")}
        confirm={t("memories.forget")}
        danger
        run={() => void forget()}
      />
    </section>
  );
}
